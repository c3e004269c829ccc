"""Addresses and base64 are checked for their form, and never fetched."""

from __future__ import annotations

import pytest

from llm.dialects.media import check_base64, check_url
from llm.errors import InvalidField

PATH = "messages[0].content[1].image"


@pytest.mark.parametrize(
    "url",
    [
        "https://example.org/cat.png?size=1#x",
        "http://localhost:8000",
        "HTTPS://EXAMPLE.ORG/",
        "https://münchen.example/ü.png",
        "data:image/png;base64,iVBORw0KGgo=",
        "DATA:image/svg+xml;charset=utf-8;base64,QQ==",
    ],
)
def test_a_good_address_passes_unchanged(url: str) -> None:
    assert check_url(url, PATH, kind="image") == url


@pytest.mark.parametrize(
    "url",
    [
        "",
        "cat.png",
        "ftp://example.org/cat.png",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "https://",
        "https:///cat.png",
        "https://user:password@example.org/",
        "https://example.org/a b",
        "https://example.org/\n",
        "https://example.org/\x00",
        "https://exa\x1bmple.org/",
        "https://example.org\\@evil.example",
        "https://example.org/" + "a" * 9_000,
        "data:image/png,plain",
        "data:image/png;base64",
        "data:;base64,QQ==",
        "data:text/html;base64,QQ==",
        "data:image/png;base64,",
        "data:image/png;base64,QQ",
        "data:image/png;base64,Q Q=",
        "data:image/png;base64,Q!==",
        "data:image/png;base64,é===",
        "data:" + "a" * 300 + ";base64,QQ==",
    ],
)
def test_a_bad_address_is_refused_with_its_path(url: str) -> None:
    with pytest.raises(InvalidField) as caught:
        check_url(url, PATH, kind="image")

    assert caught.value.param == PATH


def test_a_document_may_be_of_any_kind() -> None:
    assert check_url("data:application/pdf;base64,QQ==", PATH)


def test_the_refusal_never_repeats_the_data() -> None:
    with pytest.raises(InvalidField) as caught:
        check_base64("secret!" * 1_000, PATH)

    assert "secret" not in caught.value.message

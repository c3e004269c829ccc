from __future__ import annotations

import pytest

from llm.addresses import BadAddress, check_base_url, host_of


@pytest.mark.parametrize(
    "url",
    [
        "https://api.openai.com/v1",
        "https://10.0.0.1",
        "http://127.0.0.1:9100/v1",
        "http://[::1]:9100/v1",
        "http://localhost:11434",
        "http://ollama.internal:11434/v1",
        "http://10.1.2.3/v1",
    ],
)
def test_good_addresses_pass(url: str) -> None:
    check_base_url(url, ["ollama.internal", "10.1.0.0/16"])


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("ftp://api.openai.com", "https:// or http://"),
        ("file:///etc/passwd", "https:// or http://"),
        ("javascript:alert(1)", "https:// or http://"),
        ("api.openai.com/v1", "https:// or http://"),
        ("", "https:// or http://"),
        ("https://", "name a host"),
        ("https:///v1", "name a host"),
        ("https://me:secret@api.openai.com", "credentials"),
        ("https://api.openai.com/v1?key=1", "query"),
        ("https://api.openai.com/v1#a", "query"),
        ("https://api.openai.com:99999", "not an address"),
        ("https://api .openai.com", "spaces"),
        ("https://api.openai.com\\@evil.example", "backslashes"),
        ("https://api.openai.com\n", "control characters"),
        ("http://api.openai.com/v1", "ALLOWED_PRIVATE_HOSTS"),
        ("http://169.254.169.254/latest", "ALLOWED_PRIVATE_HOSTS"),
        ("http://127.0.0.1.evil.example", "ALLOWED_PRIVATE_HOSTS"),
        ("http://10.2.0.1", "ALLOWED_PRIVATE_HOSTS"),
    ],
)
def test_bad_addresses_are_refused_in_words(url: str, words: str) -> None:
    with pytest.raises(BadAddress, match=words):
        check_base_url(url, ["ollama.internal", "10.1.0.0/16"])


@pytest.mark.parametrize("rest", ["hunter2/x@api.openai.com", "hunter2@[api.openai.com"])
def test_a_refusal_does_not_quote_half_a_password(rest: str) -> None:
    with pytest.raises(BadAddress) as refused:
        check_base_url(f"https://me:{rest}")
    assert "hunter2" not in str(refused.value)


def test_the_host_a_secret_goes_to_has_its_port() -> None:
    assert host_of("https://API.openai.com/v1") == host_of("https://api.openai.com:443/v2") == "api.openai.com:443"
    assert host_of("http://api.openai.com") == "api.openai.com:80"
    assert host_of("") == host_of("https://[") == ""

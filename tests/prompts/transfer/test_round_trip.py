"""What came out goes in unchanged, whatever texts are in it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as some
from hypothesis.extra.django import TestCase

from llm.models import Organisation
from llm.types import JsonObject
from prompts.models import Prompt
from prompts.transfer import Import, as_json, as_yaml, exported, imported, read
from tests.prompts.conftest import ADA

HOSTILE = (
    *("yes", "no", "on", "~", "null", "true", "1e5", "0x1F", "1_000", "012", ".inf", ".nan", "2020-01-01", "12:30:45"),
    *("", " ", "  leading", "trailing ", "\ttab", "a\tb", "\n", "\n\n a", " a\n b", "a\r\nb", "a\rb", "a\n\n\n", "\r"),
    *("a\x85b", "a\u2028b\nc", "a\u2029b", "\ufeffa", "\ufffe", "\x7f", "\x9b", "\u200b", "\U0001f469\u200d\U0001f680"),
    *("{{ '{{' }}", "'", '"', "\\", "\\n", "- a", "? a", "a: b", "a #b", "#b", "&a", "*a", "!a", "!!python/object:a.b"),
    *("<<", "=", "---", "...", "--- a\n...", "%YAML 1.2", "@a", "`a`", "|", "> ", "[a", "{a", "a,", "x" * 300),
)
SIGNS = some.characters(
    exclude_categories=["Cs"], exclude_characters=[*map(chr, range(9)), *map(chr, range(14, 32)), "\x0b", "\x0c"]
)
TEXTS = some.sampled_from(HOSTILE) | some.text(SIGNS, max_size=20)
PLAIN = some.recursive(
    some.none()
    | some.booleans()
    | some.integers(-(2**63) + 1, 2**63 - 1)
    | some.floats(allow_nan=False, allow_infinity=False)
    | TEXTS,
    lambda inner: some.lists(inner, max_size=3) | some.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)
WRITERS: dict[str, Callable[[JsonObject], bytes]] = {"json": as_json, "yaml": as_yaml}


def document(text: str, values: JsonObject) -> JsonObject:
    """A prompt of two versions that says `text` wherever it may say anything."""
    content = "".join('{{ "{" }}' if sign == "{" else sign for sign in text) or "x"
    first = {
        "version": 3,
        "messages": [{"role": "user", "content": content if content.strip() else f"x{content}"}],
        "variables": [
            {"name": "given", "type": "object", "default": values},
            {"name": "chosen", "type": "enum", "choices": [text], "description": text, "example": text},
        ],
        "options": {"stop": [text or "x"], "temperature": 1e-05},
        "optimized_for": [text[:256]],
        "response_schema": values or None,
        "note": text,
        "author": "grace",
        "created_at": "2026-11-20T12:00:00.000001+00:00",
    }
    second = {"version": 4, "messages": [{"role": "system", "content": "{% if given %}\n  yes\n{% endif %}"}]}
    second |= {"variables": [{"name": "given", "type": "object"}]}
    return {
        "format": "gatehouse-prompts/1",
        "prompts": [
            {
                "name": "hostile",
                "description": text,
                "category": "code",
                "tags": [text[:64]] if text[:64].strip() == text and "\n" not in text and text else [],
                "archived": True,
                "publish_only_when_green": True,
                "publish_with_four_eyes": True,
                "versions": [first, second],
                "labels": {
                    "production": {"split": [{"version": 3, "weight": 0.1}, {"version": 4, "weight": 9}]},
                    "draft": {"version": 4, "protected": True},
                },
                "examples": [
                    {
                        "name": text[:200] or "x",
                        "variables": values,
                        "expected": text,
                        "checks": [{"type": "equals", "value": text}],
                    }
                ],
            }
        ],
    }


def brought(said: JsonObject, name: str) -> JsonObject:
    """What an organisation of its own exports once it has imported that."""
    home = Organisation.objects.create(name=name)
    imported(said, Import(home, ADA))
    return exported(Prompt.objects.filter(organisation=home))


class TestRoundTrip(TestCase):
    @settings(max_examples=150, deadline=None)
    @given(text=TEXTS, values=some.dictionaries(TEXTS, PLAIN, max_size=3), form=some.sampled_from(sorted(WRITERS)))
    @example(text="a\x85b", values={"<<": {"=": "yes"}, "": 1e300}, form="yaml")
    def test_export_import_export_is_identical(self, text: str, values: JsonObject, form: str) -> None:
        first = brought(document(text, values), "one")
        second = brought(read(WRITERS[form](first)), "two")
        Organisation.objects.all().delete()
        assert second == first
        assert as_json(second) == as_json(first)


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("form", sorted(WRITERS))
def test_a_hostile_text_is_read_as_it_was_written(text: str, form: str) -> None:
    said: dict[str, Any] = {"prompts": [{"text": text, text: [text, {text: None}]}]}
    assert read(WRITERS[form](said)) == said


@pytest.mark.django_db
def test_an_import_of_what_is_there_changes_nothing() -> None:
    home = Organisation.objects.create(name="acme")
    imported(document("a\n b", {}), Import(home, ADA))
    assert imported(exported(Prompt.objects.all()), Import(home, ADA)) == []

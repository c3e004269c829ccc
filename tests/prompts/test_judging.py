"""What is wrong with a wording is said before it is saved, with its place and a mend."""

from __future__ import annotations

from typing import Any

import pytest

from prompts.render import Problem, problems
from tests.prompts.drafts import wording


def found(content: str, *variables: dict[str, Any], role: str = "user") -> list[Problem]:
    return problems(wording((role, content), variables=list(variables)))


def text(name: str, **rest: Any) -> dict[str, Any]:
    return {"name": name, "type": "string", **rest}


def test_a_sound_wording_has_no_problems() -> None:
    assert (
        found("Hi {{ name }}{% for x in items %}{{ x }}{% endfor %}", text("name"), {"name": "items", "type": "array"})
        == []
    )


def test_an_undeclared_variable_is_an_error_with_line_column_and_near_names() -> None:
    (problem,) = found("Hi\n  {{ custmer.name }} {{ customer }}", text("customer"))
    assert problem == Problem(
        "error", "There is no variable custmer.", "messages[0].content", 2, 6, "did you mean customer?"
    )


def test_an_unused_variable_is_a_warning() -> None:
    (problem,) = found("Hi", text("name"))
    assert (problem.level, problem.path, problem.line) == ("warning", "variables[0].name", None)


def test_a_template_that_cannot_be_read_is_an_error_at_its_place() -> None:
    first, _ = found("Hi\n{{ name | upcas }}", text("name"))
    assert (first.level, first.path, first.line, first.column) == ("error", "messages[0].content", 2, 11)
    assert first.hint is not None
    assert first.hint.startswith("did you mean upcase?")


def test_an_empty_message_is_an_error() -> None:
    (problem,) = found(" \n")
    assert (problem.level, problem.path) == ("error", "messages[0].content")


def test_hidden_and_lookalike_characters_are_warnings_with_their_place() -> None:
    first, second = found("a\u200bb\npаypal")
    assert (first.level, first.line, first.column) == ("warning", 1, 2)
    assert first.message == "ZERO WIDTH SPACE (U+200B) cannot be seen."
    assert (second.level, second.line, second.column) == ("warning", 2, 2)


@pytest.mark.parametrize(
    ("variable", "path"),
    [
        (text("name", pattern="(?=a)"), "variables[0].pattern"),
        (text("name", default=1), "variables[0].default"),
        ({"name": "name", "type": "array", "schema": {"$ref": "#"}}, "variables[0].schema.$ref"),
    ],
)
def test_a_declaration_that_cannot_be_held_to_is_an_error_at_its_field(variable: dict[str, Any], path: str) -> None:
    (problem,) = found("{% if name %}{% endif %}x", variable)
    assert (problem.level, problem.path) == ("error", path)


def test_a_default_that_is_never_taken_is_a_warning() -> None:
    (problem,) = found("{{ name }}", text("name", required=True, default="a"))
    assert (problem.level, problem.path) == ("warning", "variables[0].default")


def test_an_image_outside_of_a_user_message_is_an_error() -> None:
    (problem,) = found("x {{ photo }}", {"name": "photo", "type": "image"}, role="system")
    assert (problem.level, problem.line, problem.column) == ("error", 1, 6)


def test_errors_come_before_warnings_and_there_are_at_most_two_hundred() -> None:
    told = found("{{ nobody }}" * 1_000 + "\u200b" * 1_000, text("name"))
    assert len(told) == 200
    assert [problem.level for problem in told] == sorted(problem.level for problem in told)


def test_tags_of_all_messages_together_are_bounded() -> None:
    long = ("user", "{{ a }}" + "{{ 'x' | default: '" + "y" * 900 + "' }}" * 1)
    many = [("user", long[1] * 30)] * 4
    told = problems(wording(*many, variables=[text("a")]))
    assert [problem.path for problem in told] == ["messages[2].content", "messages[3].content"]


def test_settings_too_deep_to_be_kept_are_an_error() -> None:
    deep: dict[str, Any] = {}
    for _ in range(70):
        deep = {"items": deep}
    (problem,) = problems(wording(("user", "Hi"), response_schema=deep))
    assert (problem.level, problem.path) == ("error", "response_schema")

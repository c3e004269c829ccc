"""A wording and values become the messages of a request."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm.errors import InvalidField
from llm.types import Image, Message, Text
from prompts.language import TemplateError
from prompts.render import compiled
from tests.prompts.drafts import rendered, texts, wording

PHOTO = "https://example.org/a.png"


def test_messages_keep_their_number_order_and_roles() -> None:
    draft = wording(
        ("system", "Be {{ tone }}."),
        ("user", "{{ question }}"),
        ("assistant", "Yes?"),
        ("developer", "{% if tone == 'x' %}never{% endif %}"),
        variables=[{"name": "tone", "type": "string"}, {"name": "question", "type": "string"}],
    )
    assert rendered(draft, tone="kind", question="Why?") == [
        Message("system", [Text("Be kind.")]),
        Message("user", [Text("Why?")]),
        Message("assistant", [Text("Yes?")]),
        Message("developer", [Text("")]),
    ]


@given(st.lists(st.text(), min_size=3, max_size=3))
def test_every_value_is_inserted_verbatim_and_once(values: list[str]) -> None:
    draft = wording(
        ("system", "[{{ a }}]"),
        ("user", "{% for item in b %}<{{ item }}>{% endfor %}{{ c.inside[0] }}"),
        variables=[{"name": "a", "type": "string"}, {"name": "b", "type": "array"}, {"name": "c", "type": "object"}],
    )
    first, second, third = values
    said = texts(rendered(draft, a=first, b=[second, third], c={"inside": [first]}))
    assert said == [f"[{first}]", f"<{second}><{third}>{first}"]


def picture(content: str, **values: Any) -> Message:
    draft = wording(("user", content), variables=[{"name": "photo", "type": "image", "required": False}])
    return rendered(draft, **values)[0]


@pytest.mark.parametrize(
    ("content", "parts"),
    [
        ("See {{ photo }} there", [Text("See "), Image(PHOTO), Text(" there")]),
        ("{{ photo }}", [Image(PHOTO)]),
        ("{{ photo }}{{ photo }}!", [Image(PHOTO), Image(PHOTO), Text("!")]),
        ("{% if photo %}a{{ photo }}{% endif %}", [Text("a"), Image(PHOTO)]),
    ],
)
def test_an_image_parts_the_text_around_it(content: str, parts: list[Any]) -> None:
    assert picture(content, photo=PHOTO).parts == parts


@pytest.mark.parametrize(("times", "length", "words"), [(101, 10, "More than 100"), (40, 1_000_000, "grow longer")])
def test_images_are_bounded_in_number_and_in_all(times: int, length: int, words: str) -> None:
    photo = "data:image/png;base64," + "AAAA" * (length // 4 + 1)
    with pytest.raises(InvalidField, match=words):
        picture("{{ photo }}" * times, photo=photo)


def test_an_image_that_is_left_out_leaves_nothing() -> None:
    assert picture("a{% if photo %}b{% endif %}{{ photo }}c").parts == [Text("ac")]


@pytest.mark.parametrize(
    "content",
    [
        "{{ photo | upcase }}",
        "{{ photo.url }}",
        "{% for x in photo %}{% endfor %}",
        "{% if photo == 'x' %}{% endif %}",
        "{% if photo contains 'x' %}{% endif %}",
        "{{ 'a' | default: photo }}",
    ],
)
def test_an_image_can_be_put_out_and_asked_for_and_nothing_else(content: str) -> None:
    with pytest.raises(TemplateError, match="photo is an image") as caught:
        picture(content, photo=PHOTO)
    assert caught.value.path == "messages[0].content"


@pytest.mark.parametrize("role", ["system", "developer", "assistant"])
def test_an_image_stands_in_messages_of_users_alone(role: str) -> None:
    draft = wording((role, "{{ photo }}"), variables=[{"name": "photo", "type": "image"}])
    with pytest.raises(TemplateError, match="holds text alone"):
        compiled(draft)


def refusal(content: str, kind: str, value: Any) -> InvalidField:
    draft = wording(("system", "Hi"), ("user", content), variables=[{"name": "customer", "type": kind}])
    with pytest.raises(InvalidField) as caught:
        rendered(draft, customer=value)
    return caught.value


def test_what_is_not_there_is_named_by_its_path_with_line_and_mend() -> None:
    error = refusal("Dear\n{{ customer.address.zip }}", "object", {"address": {}})
    assert (error.param, error.code) == ("variables.customer.address.zip", "variable_invalid")
    assert error.message == "messages[1].content, line 2, customer.address.zip: there is no such value."
    assert "in an if" in (error.hint or "")


def test_what_is_not_there_in_an_item_is_named_as_the_template_names_it() -> None:
    error = refusal("{% for item in customer %}{{ item.zip }}{% endfor %}", "array", [{}])
    assert error.param == "variables"
    assert "item.zip" in error.message


def test_values_that_make_too_much_are_refused() -> None:
    error = refusal("{% for item in customer %}x{% endfor %}", "array", [0] * 10_001)
    assert (error.param, error.code) == ("variables.customer", "variable_too_long")


def test_a_value_that_does_not_fit_is_refused_before_anything_else() -> None:
    assert refusal("{{ customer.zip }}", "object", "Ada").code == "variable_invalid"


@pytest.mark.parametrize(
    ("content", "variables", "path"),
    [
        ("{{ a", [], "messages[0].content"),
        ("{{ a }}", [], "messages[0].content"),
        ("a", [{"name": "a", "type": "string", "pattern": "(?=a)"}], "variables[0].pattern"),
    ],
)
def test_a_wording_with_errors_is_not_compiled(content: str, variables: list[dict[str, Any]], path: str) -> None:
    with pytest.raises(TemplateError) as caught:
        compiled(wording(("user", content), variables=variables))
    assert caught.value.path == path


def test_one_compiled_wording_serves_many_threads() -> None:
    draft = wording(
        ("user", "{% for item in items %}{{ forloop.index }}{{ item }},{% endfor %}{{ name }}"),
        variables=[{"name": "items", "type": "array"}, {"name": "name", "type": "string"}],
    )
    ready = compiled(draft)

    def run(number: int) -> bool:
        items = [f"{number}-{index}" for index in range(200)]
        expected = "".join(f"{index + 1}{item}," for index, item in enumerate(items)) + str(number)
        return texts(ready.render({"items": items, "name": str(number)})) == [expected]

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(run, range(200)))


def test_rendering_leaves_the_values_and_the_defaults_alone() -> None:
    draft = wording(
        ("user", "{% for a in items %}{{ a }}{% for items in items %}{% endfor %}{% endfor %}{{ items }}"),
        variables=[{"name": "items", "type": "array", "default": [1, 2]}],
    )
    ready = compiled(draft)
    assert texts(ready.render({})) == texts(ready.render({})) == ["12[1,2]"]
    values = {"items": [3]}
    ready.render(values)
    assert values == {"items": [3]}


def twenty() -> tuple[Any, dict[str, Any]]:
    kinds: dict[str, tuple[dict[str, Any], Any]] = {
        "string": ({"max_length": 500, "pattern": "^[^<]*$"}, "some words of text"),
        "number": ({"min": 0, "max": 10}, 1.5),
        "integer": ({"min": 0}, 3),
        "enum": ({"choices": ["a", "b", "c"]}, "a"),
        "object": ({"schema": {"properties": {"zip": {"type": "string"}}, "required": ["zip"]}}, {"zip": "1234"}),
    }
    names = {f"{kind}_{number}": kind for kind in kinds for number in range(4)}
    variables = [{"name": name, "type": kind, **kinds[kind][0]} for name, kind in names.items()]
    tags = [f"{{{{ {name}{'.zip' if kind == 'object' else ''} }}}}" for name, kind in names.items()]
    messages = [("system", " ".join(tags[:7])), ("user", " ".join(tags[7:14])), ("user", " ".join(tags[14:]))]
    return compiled(wording(*messages, variables=variables)), {name: kinds[kind][1] for name, kind in names.items()}


@pytest.mark.alone
def test_twenty_variables_in_three_messages_take_three_tenths_of_a_millisecond() -> None:
    ready, values = twenty()
    best = float("inf")
    for _ in range(5):
        begun = time.process_time()
        for _ in range(400):
            ready.render(values)
        best = min(best, (time.process_time() - begun) / 400)
    assert best < 0.000_3, f"{best * 1000:.3f} ms"

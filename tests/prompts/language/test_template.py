"""What a template says of given values."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prompts.language import NoSuchValue, RenderError, Template, TemplateError
from tests.prompts.drafts import said

NUMBERS = st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False)
SIMPLE = st.none() | st.booleans() | NUMBERS | st.text()
PLAIN = st.recursive(
    SIMPLE, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4), max_leaves=10
)


@given(st.text())
def test_text_is_put_out_as_it_is(value: str) -> None:
    assert said("<{{ a }}>", a=value) == f"<{value}>"


@given(st.text())
def test_text_inside_objects_and_lists_is_put_out_as_it_is(value: str) -> None:
    assert said("{{ a.b[0].c }}", a={"b": [{"c": value}]}) == value
    assert said("{% for item in a %}{{ item }}|{% endfor %}", a=[value, value]) == f"{value}|{value}|"


@given(st.text(alphabet=st.characters(exclude_characters="{")))
def test_text_of_the_template_stays_as_it_is(text: str) -> None:
    assert said(text) == text


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (None, ""),
        (True, "true"),
        (False, "false"),
        (0, "0"),
        (-7, "-7"),
        (1.0, "1.0"),
        (0.1, "0.1"),
        ([1, "é", None], '[1,"é",null]'),
        ({"a": {"b": []}}, '{"a":{"b":[]}}'),
        ("", ""),
    ],
)
def test_what_is_no_text_is_written_as_json(value: Any, written: str) -> None:
    assert said("{{ a }}", a=value) == written


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("a {%- if yes -%} b {%- endif -%} c", "abc"),
        ("a {% if yes %} b {% endif %} c", "a  b  c"),
        ("a\n{{- name -}}\nb", "aAdab"),
        ('{{ "{{" }} {{ "}}" }} {{ \'{%\' }}', "{{ }} {%"),
        ('{"a": {"b": 1}}', '{"a": {"b": 1}}'),
        ("{% if no %}1{% elsif name == 'Ada' %}2{% else %}3{% endif %}", "2"),
        ("{% if no or none or empty_list or empty_text %}1{% else %}2{% endif %}", "2"),
        ("{% if zero %}1{% endif %}{% if nowhere %}2{% endif %}{% if deep.nowhere.at.all %}3{% endif %}", "1"),
        ("{% if zero == no %}1{% endif %}{% if none == nowhere %}2{% endif %}", "2"),
        ("{% if zero < 1 and 2 >= 2 and 'a' < 'b' %}1{% endif %}", "1"),
        ("{% if name contains 'da' %}1{% endif %}{% if deep contains 'x' %}2{% endif %}", "12"),
        ("{% if items contains 2 %}1{% endif %}{% if items contains '2' %}2{% endif %}", "1"),
        ("{% for n in items %}{{ forloop.index }}{% if forloop.last %}.{% else %},{% endif %}{% endfor %}", "1,2,3."),
        ("{% for n in items %}{{ forloop.index0 }}{{ forloop.first }} {% endfor %}", "0true 1false 2false "),
        ("{% for n in empty_list %}1{% else %}2{% endfor %}{% for n in none %}1{% else %}2{% endfor %}", "22"),
        (
            "{% for n in items %}{% for m in items %}{{ m }}{% endfor %}{{ forloop.index }};{% endfor %}",
            "1231;1232;1233;",
        ),
        ("{% for name in items %}{{ name }}{% endfor %}{{ name }}", "123Ada"),
        ("{% for pair in deep %}{{ pair[0] }}={{ pair[1].y }}{% endfor %}", "x=5"),
        ("{{ items[0] }}{{ items[-1] }}{{ deep['x'].y }}{{ deep[key].y }}", "1355"),
        ("{{ deep.limit | default: 'no' }}", "no"),
    ],
)
def test_tags_say(content: str, text: str) -> None:
    values = {
        "yes": True,
        "no": False,
        "none": None,
        "zero": 0,
        "name": "Ada",
        "items": [1, 2, 3],
        "empty_list": [],
        "empty_text": "",
        "deep": {"x": {"y": 5}},
        "key": "x",
    }
    assert said(content, **values) == text


@pytest.mark.parametrize(
    "path",
    ["a.b", "a.b.c", "a[7]", "b", "a.upper", "a.__class__", "t.size", "l.first", "l.b", "t[0]", "l[key]"],
)
def test_what_leads_nowhere_is_not_put_out(path: str) -> None:
    with pytest.raises(NoSuchValue) as caught:
        said(f"\n{{{{ {path} }}}}", a={"x": None} if path == "a.b.c" else {}, t="text", l=[1], key="x")
    assert (caught.value.name, caught.value.line) == (path, 2)


@pytest.mark.parametrize(
    "content",
    [
        "{% for x in t %}{% endfor %}",
        "{% if l == l %}{% endif %}",
        "{% if t < 1 %}{% endif %}",
        "{% if 1 contains 1 %}{% endif %}",
        "{{ l | upcase }}",
        "{{ t | join }}",
        "{{ 1 | size }}",
        "{{ o | first }}",
        "{{ t | truncate: 'x' }}",
    ],
)
def test_values_of_the_wrong_kind_are_refused(content: str) -> None:
    with pytest.raises(RenderError):
        said(content, t="text", l=[1], o={})


@pytest.mark.parametrize(
    ("content", "line", "column", "words"),
    [
        ("a\n{{ b", 2, 1, "not closed"),
        ("{{ }}", 1, 1, "Nothing stands"),
        ("{{ 'a }}", 1, 4, "quote"),
        ("\r\n\r\n {% foo %}", 3, 2, "no tag foo"),
        ("{% if a %}", 1, 1, "never closed"),
        ("x{% endif %}", 1, 2, "no open"),
        ("{% if a %}{% endfor %}", 1, 11, "closes for"),
        ("{% else %}", 1, 1, "stands outside"),
        ("{% if a %}{% else %}{% else %}{% endif %}", 1, 21, "after else"),
        ("{% if a %}{% else b %}{% endif %}", 1, 18, "alone"),
        ("{% if %}{% endif %}", 1, 1, "not told"),
        ("{{ a | upcas }}", 1, 8, "no filter"),
        ("{{ a | default }}", 1, 8, "takes 1 value"),
        ("{{ a b }}", 1, 6, "cannot be read"),
        ("{{ a. }}", 1, 6, "cannot be read"),
        ("{{ a == b }}", 1, 6, "cannot be read"),
        ("{{ (1..3) }}", 1, 4, "not in the language"),
        ("{% for x in (1..3) %}{% endfor %}", 1, 8, "a list among"),
        ("{% for x in a limit: 2 %}{% endfor %}", 1, 8, "whole list"),
        ("{% if a and b or c %}{% endif %}", 1, 15, "two ways"),
        ("{{ forloop.index }}", 1, 4, "outside of a for"),
        ("{% for x in a %}{{ forloop.rindex }}{% endfor %}", 1, 20, "no such part"),
        ("{% if a == empty %}{% endif %}", 1, 12, "not in the language"),
        ("{{ 12345678901234567890 }}", 1, 4, "too large"),
        ("{{ [a] }}", 1, 4, "begins with a name"),
        ("{% assign a = 1 %}", 1, 1, "no tag assign"),
    ],
)
def test_an_error_names_line_column_and_what_is_wrong(content: str, line: int, column: int, words: str) -> None:
    with pytest.raises(TemplateError) as caught:
        Template(content)
    assert (caught.value.line, caught.value.column) == (line, column)
    assert words in caught.value.message


@pytest.mark.parametrize(
    ("content", "near"), [("{% iff a %}", "if"), ("{{ a | upcas }}", "upcase"), ("{% endfr %}", "endfor")]
)
def test_an_error_names_what_may_have_been_meant(content: str, near: str) -> None:
    with pytest.raises(TemplateError, match=r".") as caught:
        Template(content)
    assert f"did you mean {near}?" in (caught.value.hint or "")


def test_uses_are_told_with_path_line_column_and_manner() -> None:
    template = Template(
        "{{ a.b }}\r\n  {{ c | upcase }}\n{% for x in d %}{{ x.y }}{{ e[f] }}{% endfor %}"
        "{% if g %}{{ x }}{% endif %}{% if h == 1 %}{% endif %}"
    )
    told = [(use.name, use.path, use.line, use.column, use.manner) for use in template.uses]
    assert told == [
        ("a", "a.b", 1, 4, "part"),
        ("c", "c", 2, 6, "filter"),
        ("d", "d", 3, 13, "loop"),
        ("e", "e[f]", 3, 29, "part"),
        ("f", "f", 3, 31, "index"),
        ("g", "g", 3, 54, "test"),
        ("x", "x", 3, 61, "output"),
        ("h", "h", 3, 82, "comparison"),
    ]


@given(PLAIN)
def test_any_plain_value_can_be_put_out_and_asked_for(value: Any) -> None:
    assert said("{% if a %}{% endif %}{{ a | json }}|{{ a }}", a=value).count("|") >= 1


@given(st.text(alphabet="{}%|.'\"-[] \nabif12=<:,"))
def test_any_source_is_a_template_or_an_error_with_its_place(source: str) -> None:
    try:
        Template(source)
    except TemplateError as error:
        line, column = error.line, error.column
    else:
        return
    lines = re.split("\r\n|\r|\n", source)
    assert 1 <= line <= len(lines)
    assert 1 <= column <= len(lines[line - 1]) + 1

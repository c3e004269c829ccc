"""Prompts made to explode, each run in a process of its own: `python -m tests.prompts.explosions NAME`.

Prints, as JSON, how it ended, the seconds of CPU it took and by how many bytes the process grew at most.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Callable
from typing import Any

from llm.errors import InvalidField
from prompts.judging import problems
from prompts.language import TemplateError
from prompts.render import compiled
from prompts.wording import LONGEST_CONTENT
from tests.prompts.drafts import wording

Variables = list[dict[str, Any]]
Case = tuple[str, Variables, dict[str, Any]]

LIST: Variables = [{"name": "a", "type": "array"}]
TEXT: Variables = [{"name": "t", "type": "string"}]


def loops(depth: int, items: int, body: str = "x") -> Case:
    opening = "".join(f"{{% for i{level} in a %}}" for level in range(depth))
    return opening + body + "{% endfor %}" * depth, LIST, {"a": list(range(items))}


def many_loops() -> Case:
    content = "{% for i in a %}" + "{{ i }}" * 1_900 + "{% endfor %}"
    return content, LIST, {"a": list(range(9_999))}


def long_output() -> Case:
    content = "{% for i in a %}{{ t }}{% endfor %}"
    return content, LIST + TEXT, {"a": list(range(9_000)), "t": "é" * 500_000}


def filter_chain(name: str = "upcase") -> Case:
    content = "{% for i in a %}{{ t" + f" | {name}" * 40 + " | size }}{% endfor %}"
    return content, LIST + TEXT, {"a": list(range(9_000)), "t": "ŉ" * 900_000}


def json_in_a_loop() -> Case:
    return "{% for i in a %}{{ a | json | size }}{% endfor %}", LIST, {"a": [[i, "x" * 90] for i in range(9_000)]}


def join_that_multiplies() -> Case:
    return "{{ a | join: t }}", LIST + TEXT, {"a": [""] * 100_000, "t": "x" * 100_000}


def comparisons() -> Case:
    content = "{% for i in a %}{% if t == u and u contains v %}{% endif %}{% endfor %}"
    more = [{"name": name, "type": "string"} for name in "uv"]
    half = "x" * 400_000
    return (
        content,
        LIST + TEXT + more,
        {"a": list(range(9_000)), "t": half, "u": half[:-1] + "x", "v": "x" * 9_000 + "y"},
    )


def contains_in_a_list() -> Case:
    return "{% for i in a %}{% if a contains 'z' %}{% endif %}{% endfor %}", LIST, {"a": ["y"] * 9_900}


def long_conditions() -> Case:
    condition = " or ".join(["b"] * 50)
    content = "{% for i in a %}" + ("{% if " + condition + " %}{% endif %}") * 350 + "{% endfor %}"
    return content, [*LIST, {"name": "b", "type": "boolean"}], {"a": list(range(9_000)), "b": False}


def images() -> Case:
    content = "{% for i in a %}{{ p }}{% endfor %}"
    picture = "data:image/png;base64," + "AAAA" * 500_000
    return content, [*LIST, {"name": "p", "type": "image"}], {"a": list(range(9_000)), "p": picture}


def pattern(text: str, value: str = "a" * 29_000 + "!") -> Case:
    return "{{ p }}", [{"name": "p", "type": "string", "pattern": text}], {"p": value}


def many_patterns() -> Case:
    variables = [{"name": f"p{i}", "type": "string", "pattern": "[ab]*a[ab]{1400}c"} for i in range(20)]
    content = "".join(f"{{{{ p{i} }}}}" for i in range(20))
    return content, variables, {f"p{i}": ("a" * 37 + "b") * 780 for i in range(20)}


def giant_value() -> Case:
    return "{{ a }}", LIST, {"a": ["x" * 1_000] * 20_000}


def giant_list() -> Case:
    return "{{ a }}", LIST, {"a": [0] * 2_000_000}


def deep_value() -> Case:
    value: list[Any] = []
    for _ in range(100_000):
        value = [value]
    return "{{ a }}", LIST, {"a": value}


def schema(given: dict[str, Any], value: Any = None) -> Case:
    return "{{ o }}", [{"name": "o", "type": "array", "schema": given}], {"o": [] if value is None else value}


def doubling(keyword: str) -> Case:
    defs: dict[str, Any] = {f"d{i}": {keyword: [{"$ref": f"#/$defs/d{i + 1}"}] * 2} for i in range(20)}
    defs["d20"] = {"type": "string"}
    return schema({"items": {"$ref": "#/$defs/d0"}, "$defs": defs}, ["x"] * 1_000)


def wide_schema() -> Case:
    return schema({"items": {"oneOf": [{"type": "string"}] * 400}}, list(range(100_000)))


def many_schemas() -> Case:
    each = {"items": {"allOf": [{"contains": {"const": -1}, "minContains": 0}] * 60}}
    variables = [{"name": f"o{i}", "type": "array", "schema": each} for i in range(12)]
    content = "".join(f"{{{{ o{i} }}}}" for i in range(12))
    return content, variables, {f"o{i}": [list(range(9_000))] for i in range(12)}


def deep_schema() -> Case:
    given: dict[str, Any] = {}
    for _ in range(5_000):
        given = {"items": given}
    return schema(given)


def chained_references() -> Case:
    defs: dict[str, Any] = {f"d{i}": {"items": {"$ref": f"#/$defs/d{i + 1}"}} for i in range(900)}
    return schema({"$ref": "#/$defs/d0", "$defs": defs | {"d900": True}})


CASES: dict[str, Callable[[], Case]] = {
    "nested loops": lambda: loops(15, 1_000),
    "a loop over 100,000 items": lambda: loops(1, 100_000),
    "loops that only turn": lambda: loops(2, 100, ""),
    "a loop with a long body": many_loops,
    "long output": long_output,
    "a chain of upcase": filter_chain,
    "a chain of json": lambda: filter_chain("json"),
    "a chain of strip": lambda: filter_chain("strip"),
    "json in a loop": json_in_a_loop,
    "join": join_that_multiplies,
    "comparisons": comparisons,
    "contains in a list": contains_in_a_list,
    "long conditions": long_conditions,
    "images": images,
    "nested quantifiers": lambda: pattern("^(a+)+$"),
    "alternatives that overlap": lambda: pattern("^(a|a)*$"),
    "counted pattern": lambda: pattern("(a{1000}){1000}"),
    "many states": lambda: pattern("[ab]*a[ab]{1400}c", ("a" * 37 + "b") * 780),
    "look-ahead": lambda: pattern("^(?=.*a).*$"),
    "back-reference": lambda: pattern(r"^(a*)\1$"),
    "a pattern over a giant text": lambda: pattern("[ab]*a[ab]{1400}c", "ab" * 490_000),
    "many patterns": many_patterns,
    "a giant value": giant_value,
    "a giant list": giant_list,
    "a deep value": deep_value,
    "deep blocks": lambda: ("{% if b %}" * 9_000 + "{% endif %}" * 400, [], {}),
    "deep indexes": lambda: ("{{ a" + "[a" * 400 + "]" * 400 + " }}", LIST, {"a": []}),
    "a long condition": lambda: ("{% if " + " and ".join(["b"] * 15_000) + " %}{% endif %}", [], {}),
    "many tags": lambda: ("{{ a }}" * 14_000, LIST, {"a": []}),
    "open braces": lambda: ("{{" * 49_000, [], {}),
    "open tags": lambda: ("{%" + " " * 98_000, [], {}),
    "open quotes": lambda: ("{{ ' }}" * 14_000, [], {}),
    "raw": lambda: ("{% raw %}" * 11_000, [], {}),
    "hidden characters": lambda: ("a\u200b" * (LONGEST_CONTENT // 2), [], {}),
    "look-alike words": lambda: ("aа" * (LONGEST_CONTENT // 2), [], {}),
    "a schema that is its own part": lambda: schema(
        {"items": {"$ref": "#/$defs/d"}, "$defs": {"d": {"items": {"$ref": "#/$defs/d"}}}}
    ),
    "a schema that is itself": lambda: schema({"$ref": "#"}),
    "a schema elsewhere": lambda: schema({"$ref": "http://127.0.0.1:9/schema.json"}),
    "a dynamic schema": lambda: schema({"$dynamicRef": "#d", "$defs": {"d": {"$dynamicAnchor": "d"}}}),
    "allOf that doubles": lambda: doubling("allOf"),
    "oneOf that doubles": lambda: doubling("oneOf"),
    "a wide schema over many items": wide_schema,
    "many schemas": many_schemas,
    "a deep schema": deep_schema,
    "references of references": chained_references,
}


def explode(content: str, variables: Variables, values: dict[str, Any]) -> str:
    """What stopped it, in the order in which a wording meets its judges."""
    try:
        draft = wording(("user", content), variables=variables)
        problems(draft)
        compiled(draft).render(values)
    except (InvalidField, TemplateError) as error:
        return error.message
    return "rendered"


def main() -> None:
    case = CASES[sys.argv[1]]()
    explode("{{ a | json }}", LIST, {"a": [1]})
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    begun = time.process_time()
    ended = explode(*case)
    spent = time.process_time() - begun
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024
    print(json.dumps({"ended": ended, "seconds": spent, "grown": grown}))


if __name__ == "__main__":
    main()

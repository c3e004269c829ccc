"""How much work a schema of an author's can make: weighed before it is compiled, its references followed.

Only keywords that are listed here are taken, so that no reference leaves the schema, none leads back to where it
came from, and the whole is a tree of bounded size.
"""

from __future__ import annotations

from dataclasses import dataclass

from llm.errors import InvalidField
from llm.types import JsonObject
from prompts.variables.size import size

MAX_NODES = 1_000
MAX_DEPTH = 32
MAX_PATTERNS = 10

ONE = frozenset({"items", "contains", "additionalProperties", "propertyNames", "not", "if", "then", "else"})
LISTS = frozenset({"allOf", "anyOf", "oneOf", "prefixItems"})
MAPS = frozenset({"properties", "patternProperties", "dependentSchemas"})
"""Keywords that hold one schema, a list of them, or one under each name."""

PLAIN = frozenset(
    {
        *("type", "enum", "const", "multipleOf", "maximum", "exclusiveMaximum", "minimum", "exclusiveMinimum"),
        *("maxLength", "minLength", "pattern", "maxItems", "minItems", "uniqueItems", "maxContains", "minContains"),
        *("maxProperties", "minProperties", "required", "dependentRequired"),
        *("title", "description", "default", "examples", "format", "deprecated", "readOnly", "writeOnly", "$comment"),
    }
)
ROOT = frozenset({"$schema", "$defs"})
REFERENCE = "#/$defs/"
DRAFT = "https://json-schema.org/draft/2020-12/schema"


@dataclass(frozen=True, slots=True)
class Weight:
    """Nodes and patterns, as often as they are reached through references."""

    nodes: int = 1
    patterns: int = 0

    def __add__(self, other: Weight) -> Weight:
        return Weight(self.nodes + other.nodes, self.patterns + other.patterns)


def weigh(schema: object, path: str) -> Weight:
    """Raises InvalidField, `path` being where the schema stands."""
    size(schema, path, deepest=MAX_DEPTH)
    if type(schema) is dict and schema.get("$schema", DRAFT) != DRAFT:
        raise refused(f"{path}.$schema", f"schemas are read as {DRAFT} says")
    definitions = schema.get("$defs", {}) if type(schema) is dict else {}
    if type(definitions) is not dict:
        raise refused(f"{path}.$defs", "$defs holds schemas under their names")
    scales = _Scales(definitions, path)
    for name in definitions:
        scales.definition(name, path)
    return scales.weigh(schema, path, is_root=True)


def refused(path: str, why: str) -> InvalidField:
    return InvalidField(f"{path}: {why}.", param=path, code="invalid_schema")


class _Scales:
    def __init__(self, definitions: JsonObject, path: str) -> None:
        self._definitions = definitions
        self._path = path
        self._known: dict[str, Weight] = {}
        self._open: list[str] = []

    def weigh(self, schema: object, path: str, *, is_root: bool = False) -> Weight:
        if type(schema) is bool:
            return Weight()
        if type(schema) is not dict:
            raise refused(path, "a schema is an object, true or false")
        weight = Weight()
        for keyword, value in schema.items():
            if not (is_root and keyword in ROOT):
                weight += self._keyword(keyword, value, f"{path}.{keyword[:64]}")
            self._check(weight, path)
        return weight

    def definition(self, name: str, path: str) -> Weight:
        if name in self._known:
            return self._known[name]
        if name in self._open:
            raise refused(path, f"{REFERENCE}{name[:64]} leads back to itself, so that it has no end")
        if name not in self._definitions:
            raise refused(path, f"there is no {REFERENCE}{name[:64]}")
        if len(self._open) >= MAX_DEPTH:
            raise refused(path, f"references lead on through more than {MAX_DEPTH} others")
        self._open.append(name)
        weight = self.weigh(self._definitions[name], f"{self._path}.$defs.{name[:64]}")
        self._open.pop()
        self._known[name] = weight
        return weight

    def _keyword(self, keyword: str, value: object, path: str) -> Weight:
        if keyword in PLAIN:
            return Weight(size(value, path).items, int(keyword == "pattern"))
        if keyword == "$ref":
            return self._reference(value, path)
        if keyword in ONE:
            return self.weigh(value, path)
        if keyword in LISTS and type(value) is list:
            return self._sum([self.weigh(each, f"{path}[{index}]") for index, each in enumerate(value)])
        if keyword in MAPS and type(value) is dict:
            below = [self.weigh(each, f"{path}.{name[:64]}") for name, each in value.items()]
            return self._sum([*below, Weight(0, len(value) if keyword == "patternProperties" else 0)])
        raise refused(path, "this keyword is not taken" if keyword not in LISTS | MAPS else "this holds schemas")

    def _reference(self, value: object, path: str) -> Weight:
        name = value.removeprefix(REFERENCE) if isinstance(value, str) else ""
        if value != REFERENCE + name or not name or set("/~%") & set(name):
            raise refused(path, f"a reference leads to {REFERENCE} and a plain name, within the same schema")
        return self.definition(name, path)

    def _sum(self, weights: list[Weight]) -> Weight:
        return sum(weights, Weight(0))

    def _check(self, weight: Weight, path: str) -> None:
        if weight.nodes > MAX_NODES:
            raise refused(path, f"the schema, its references followed, has more than {MAX_NODES} parts")
        if weight.patterns > MAX_PATTERNS:
            raise refused(path, f"the schema, its references followed, has more than {MAX_PATTERNS} patterns")

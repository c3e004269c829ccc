"""The form of one example: what it says in fields of text, and back from them to what it says."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any, ClassVar

from django.http import QueryDict

from llm.dialects.fields import Fields
from llm.errors import InvalidField
from llm.types import JsonObject
from prompts.checks import APPLIES
from prompts.models import Example
from prompts.variables import Variable
from prompts.writing.examples import Draft, read_example

SPARE = 3
"""Empty rows for checks to come."""
MOST_ROWS = 60
PLAIN = ("string", "enum", "image")
CALLED = {
    "equals": "equals",
    "contains": "contains",
    "not_contains": "does not contain",
    "regex": "matches a pattern",
    "json_schema": "is JSON that fits a schema",
    "number_range": "has a number in a range",
    "max_length": "is not too long",
    "graded": "satisfies a grader",
}
"""What the pages call the types of checks."""
SAID = {"regex": "pattern", "json_schema": "schema", "graded": "question"}
"""The field of a check that its text is, by its type; for the others it is `value`."""


def called(kind: str) -> str:
    return CALLED.get(kind, kind)


@dataclass(slots=True)
class CheckRow:
    """A check in the form's fields; without a type it is none."""

    type: str = ""
    said: str = ""
    min: str = ""
    max: str = ""
    model: str = ""
    ignore_case: bool = False

    @property
    def called(self) -> str:
        return called(self.type)

    @classmethod
    def of(cls, check: JsonObject) -> CheckRow:
        said = check.get(SAID.get(check["type"], "value"), "")
        bounds = {name: "" if check.get(name) is None else str(check[name]) for name in ("min", "max")}
        text = said if isinstance(said, str) else json.dumps(said, ensure_ascii=False, indent=2)
        return cls(
            check["type"], text, model=check.get("model", ""), ignore_case=bool(check.get("ignore_case")), **bounds
        )

    def as_json(self, path: str) -> JsonObject:
        """Raises InvalidField for what is no number or no JSON."""
        said: JsonObject = {"type": self.type}
        name = SAID.get(self.type, "value")
        if self.type in APPLIES[name]:
            said[name] = parsed(self.said, f"{path}.schema", "a JSON Schema") if name == "schema" else self.said
        for bound in ("min", "max"):
            if getattr(self, bound).strip():
                said[bound] = parsed(getattr(self, bound), f"{path}.{bound}", "a number")
        if self.model.strip():
            said["model"] = self.model.strip()
        return said | ({"ignore_case": True} if self.ignore_case else {})


@dataclass(slots=True)
class Form:
    """`values` are the texts of the variables' fields; `others` is JSON of values that no variable of now takes."""

    variables: tuple[Variable, ...]
    name: str = ""
    expected: str = ""
    values: dict[str, str] = field(default_factory=dict)
    others: str = ""
    checks: list[CheckRow] = field(default_factory=list)
    kinds: ClassVar[dict[str, str]] = CALLED

    @classmethod
    def of(cls, example: Example | None, variables: tuple[Variable, ...]) -> Form:
        if example is None:
            return cls(variables, checks=[CheckRow() for _ in range(SPARE)])
        names = {variable.name: variable for variable in variables}
        values = {name: written(value, names[name]) for name, value in example.variables.items() if name in names}
        others = {name: value for name, value in example.variables.items() if name not in names}
        rows = [CheckRow.of(check) for check in example.checks] + [CheckRow() for _ in range(SPARE)]
        left = json.dumps(others, ensure_ascii=False, indent=2) if others else ""
        return cls(variables, example.name, example.expected, values, left, rows)

    @classmethod
    def read(cls, said: QueryDict, variables: tuple[Variable, ...]) -> Form:
        count = len(said.getlist("type")[:MOST_ROWS])
        columns = {name: said.getlist(name) for name in ("type", "said", "min", "max", "model")}
        rows = [
            CheckRow(
                **{name: given[index] if index < len(given) else "" for name, given in columns.items()},
                ignore_case=f"ignore_case_{index}" in said,
            )
            for index in range(count)
        ]
        values = {variable.name: said.get(f"variable_{variable.name}", "") for variable in variables}
        return cls(
            variables, said.get("name", "").strip(), said.get("expected", ""), values, said.get("others", ""), rows
        )

    @property
    def lines(self) -> list[tuple[Variable, str]]:
        return [(variable, self.values.get(variable.name, "")) for variable in self.variables]

    def draft(self) -> Draft:
        """Raises InvalidField with the path of what makes no sense."""
        given = {variable.name: value(variable, text) for variable, text in self.lines if text != ""}
        others = parsed(self.others, "variables", "an object") if self.others.strip() else {}
        if not isinstance(others, dict):
            raise InvalidField("variables: wanted an object of other variables.", param="variables")
        kept = [row for row in self.checks if row.type]
        body: JsonObject = {
            "name": self.name,
            "variables": {**others, **given},
            "expected": self.expected.replace("\r\n", "\n"),
            "checks": [row.as_json(f"checks[{index}]") for index, row in enumerate(kept)],
        }
        return read_example(Fields(body, "", strict=True))


def value(variable: Variable, text: str) -> Any:
    """Raises InvalidField for what is no value of its type's kind; whether it fits is the declaration's to say."""
    if variable.type in PLAIN:
        return text.replace("\r\n", "\n")
    wanted = {"array": "a list as JSON", "object": "an object as JSON", "boolean": "true or false"}
    return parsed(text, f"variables.{variable.name}", wanted.get(variable.type, "a number"))


def written(value: Any, variable: Variable) -> str:
    plain = isinstance(value, str) and variable.type in PLAIN
    return value if plain else json.dumps(value, ensure_ascii=False)


def parsed(text: str, path: str, wanted: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise InvalidField(f"{path}: wanted {wanted}.", param=path) from None

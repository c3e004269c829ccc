"""A schema, compiled: it judges values in bounded time, whoever wrote it."""

from __future__ import annotations

from dataclasses import dataclass

from jsonschema_rs import Draft202012Validator, RegexOptions, ValidationError

from llm.errors import InvalidField
from llm.types import JsonObject
from prompts.variables.bounds import Weight, refused
from prompts.variables.complaints import complaint
from prompts.variables.size import LARGEST, size

MOST_WORK = 2_000_000
"""Parts of schemas times items of the values held against them, a hundred characters being an item: half a second."""

MOST_MATCHING = 30_000
"""Characters that patterns look at, each pattern for itself: half a second for the worst pattern that is taken."""

ENGINE = RegexOptions(size_limit=128 * 1024, dfa_size_limit=512 * 1024)
"""The engine goes through a text once, whatever the pattern; a pattern that needs more memory than this is refused."""

NOT_TAKEN = "it is not a pattern that can be matched in bounded time"
HINT = "look-aheads, look-behinds, back-references and counts in the thousands are not supported"
LONGEST_PATH = 300


@dataclass(slots=True)
class Allowance:
    """What may still be spent on the values of one call, all variables together."""

    characters: int = LARGEST
    work: int = MOST_WORK
    matching: int = MOST_MATCHING

    def spend(self, value: object, weight: Weight, path: str) -> None:
        """Raises InvalidField."""
        measured = size(value, path)
        self.characters -= measured.characters
        self.work -= weight.nodes * (measured.items + measured.characters // 100)
        self.matching -= weight.patterns * measured.characters
        if self.characters < 0:
            raise too_long(path, f"all variables together have more than {LARGEST} characters")
        if self.work < 0:
            raise too_long(path, "it has too many items to be held against its schema")
        if self.matching < 0:
            raise too_long(path, f"patterns look at no more than {MOST_MATCHING} characters in all")


class Judge:
    """Immutable, safe in several threads."""

    __slots__ = ("_validator", "weight")

    def __init__(self, schema: JsonObject, weight: Weight, *, path: str) -> None:
        """`path` is where the schema stands. Raises InvalidField for one that cannot be held to."""
        self.weight = weight
        try:
            self._validator = Draft202012Validator(schema, pattern_options=ENGINE, validate_formats=False, offline=True)
        except ValidationError as error:
            raise _refused(error, path) from None

    def check(self, value: object, path: str, allowance: Allowance) -> None:
        """Raises InvalidField, `path` being where the value stands."""
        allowance.spend(value, self.weight, path)
        try:
            self._validator.validate(value)
        except ValidationError as error:
            raise complaint(path, error, value) from None


def too_long(path: str, why: str) -> InvalidField:
    return InvalidField(f"{path}: {why}.", param=path, code="variable_too_long")


def _refused(error: ValidationError, path: str) -> InvalidField:
    place = [str(key) for key in error.instance_path]
    field = ".".join([path, *place])[:LONGEST_PATH]
    if place[-1:] == ["pattern"] or "patternProperties" in place:
        return InvalidField(f"{field}: {NOT_TAKEN}.", param=field, code="invalid_pattern", hint=HINT)
    return refused(field, "this is not what JSON Schema has here")

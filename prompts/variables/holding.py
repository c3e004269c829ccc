"""One declaration, compiled: it holds values to what its author said, in bounded time."""

from __future__ import annotations

from dataclasses import dataclass

from jsonschema_rs import Draft202012Validator, RegexOptions, ValidationError

from llm.dialects.fields import said
from llm.dialects.media import check_url
from llm.errors import InvalidField
from prompts.variables.bounds import Weight, refused, weigh
from prompts.variables.complaints import complaint, invalid
from prompts.variables.declaration import Variable
from prompts.variables.schemas import MAX_BODY, value_schema
from prompts.variables.size import LARGEST, size

MOST_WORK = 2_000_000
"""Parts of schemas times items of the values held against them, a hundred characters being an item: half a second."""

MOST_MATCHING = 30_000
"""Characters that patterns look at, each pattern for itself: half a second for the worst pattern that is taken."""

ENGINE = RegexOptions(size_limit=128 * 1024, dfa_size_limit=512 * 1024)
"""The engine goes through a text once, whatever the pattern; a pattern that needs more memory than this is refused."""

NOT_TAKEN = "it is not a pattern that can be matched in bounded time"
HINT = "look-aheads, look-behinds, back-references and counts in the thousands are not supported"


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
            raise _too_long(path, f"all variables together have more than {LARGEST} characters")
        if self.work < 0:
            raise _too_long(path, "it has too many items to be held against its schema")
        if self.matching < 0:
            raise _too_long(path, f"patterns look at no more than {MOST_MATCHING} characters in all")


class Held:
    """Immutable, safe in several threads."""

    __slots__ = ("_validator", "variable", "weight")

    def __init__(self, variable: Variable, path: str) -> None:
        """`path` is where the declaration stands. Raises InvalidField for one that cannot be held to."""
        self.variable = variable
        self.weight = _weight(variable, path)
        self._validator = _validator(variable, path)

    def check(self, value: object, path: str, allowance: Allowance) -> object:
        """The value, whole numbers written as such. Raises InvalidField, `path` being where the value stands."""
        if self.variable.type == "image":
            return _picture(value, path)
        allowance.spend(value, self.weight, path)
        try:
            self._validator.validate(value)
        except ValidationError as error:
            raise complaint(path, error, value) from None
        return int(value) if type(value) is float and self.variable.type == "integer" else value


def _weight(variable: Variable, path: str) -> Weight:
    own = Weight(1, int(variable.pattern is not None))
    if variable.schema is None:
        return own
    _refuse_twice(variable, path)
    return own + weigh(variable.schema, f"{path}.schema")


def _refuse_twice(variable: Variable, path: str) -> None:
    """What the declaration says and its schema says otherwise."""
    schema = variable.schema or {}
    for keyword, value in value_schema(variable, alone=True).items():
        if keyword in schema and schema[keyword] != value:
            raise refused(f"{path}.schema.{keyword}", "the variable's own fields say something else")


def _validator(variable: Variable, path: str) -> Draft202012Validator:
    try:
        return Draft202012Validator(
            value_schema(variable), pattern_options=ENGINE, validate_formats=False, offline=True
        )
    except ValidationError as error:
        raise _refused(variable, error, path) from None


def _refused(variable: Variable, error: ValidationError, path: str) -> InvalidField:
    place = [str(key) for key in error.instance_path]
    is_pattern = place[-1:] == ["pattern"] or "patternProperties" in place
    inside = place == ["pattern"] and variable.schema is None
    field = f"{path}.pattern" if inside else ".".join([f"{path}.schema", *place])[:300]
    if is_pattern:
        return InvalidField(f"{field}: {NOT_TAKEN}.", param=field, code="invalid_pattern", hint=HINT)
    return refused(field, "this is not what JSON Schema has here")


def _picture(value: object, path: str) -> str:
    wanted = "an https:// address or a data:image/…;base64, URL that is complete"
    if type(value) is not str or value[:8].lower().startswith("http://"):
        raise invalid(path, said(value), wanted)
    if len(value) > MAX_BODY:
        raise _too_long(path, f"an image has at most {MAX_BODY} characters")
    try:
        return check_url(value, path, kind="image")
    except InvalidField:
        raise invalid(path, said(value), wanted) from None


def _too_long(path: str, why: str) -> InvalidField:
    return InvalidField(f"{path}: {why}.", param=path, code="variable_too_long")

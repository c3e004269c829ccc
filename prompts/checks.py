"""What an example asks of an answer: declared, read and judged."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from dataclasses import fields as fields_of
from typing import Literal, get_args

import orjson

from llm.dialects.fields import Fields
from llm.errors import InvalidField
from llm.types import JsonObject
from prompts.variables.bounds import Weight, weigh
from prompts.variables.complaints import shortened
from prompts.variables.judge import Allowance, Judge

Kind = Literal["equals", "contains", "not_contains", "regex", "json_schema", "number_range", "max_length", "graded"]
KINDS: tuple[Kind, ...] = get_args(Kind)

MAX_CHECKS = 50
LONGEST_VALUE = 100_000
LONGEST_PATTERN = 500
LONGEST_QUESTION = 10_000
LARGEST_LENGTH = 10_000_000
LARGEST_NUMBER = 1e15
LONGEST_NUMBER_TEXT = 30_000
"""Characters in which a number is looked for."""

TEXTS: tuple[Kind, ...] = ("equals", "contains", "not_contains")
APPLIES: dict[str, tuple[Kind, ...]] = {
    "value": TEXTS,
    "ignore_case": TEXTS,
    "pattern": ("regex",),
    "schema": ("json_schema",),
    "min": ("number_range",),
    "max": ("number_range", "max_length"),
    "model": ("graded",),
    "question": ("graded",),
}
"""Fields, and the kinds of checks that have them."""

NEEDED: dict[Kind, tuple[str, ...]] = {
    **dict.fromkeys(TEXTS, ("value",)),
    "regex": ("pattern",),
    "json_schema": ("schema",),
    "max_length": ("max",),
    "graded": ("question",),
}

NUMBER = re.compile(r"(?<![\w.])[-+]?\d+(?:\.\d+)?(?:[eE][-+]?\d{1,3})?(?!\w)")
VERDICT = re.compile(r"\W*(pass|fail)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Check:
    """None is "not said". A graded check without a model is graded by the default one."""

    type: Kind
    value: str | None = None
    ignore_case: bool | None = None
    pattern: str | None = None
    schema: JsonObject | None = None
    min: float | None = None
    max: float | None = None
    model: str | None = None
    question: str | None = None

    def as_json(self) -> JsonObject:
        """What `read_checks` reads back as this very value."""
        said = {field.name: getattr(self, field.name) for field in fields_of(self)}
        return {name: value for name, value in said.items() if value is not None}


@dataclass(frozen=True, slots=True)
class Failure:
    """A sentence for whoever wrote the check."""

    check: Check
    message: str


def read_checks(fields: Fields) -> tuple[Check, ...]:
    """Takes `checks`. Raises InvalidField with the path of what makes no sense."""
    try:
        return tuple(_read_check(each) for each in fields.each("checks", most=MAX_CHECKS) or ())
    except InvalidField as error:
        error.code = "check_error"
        raise


def judge(check: Check, text: str) -> Failure | None:
    """None where the answer passes. The `text` of a graded check is what its grader said."""
    message = JUDGES[check.type](check, text)
    return None if message is None else Failure(check, message)


def _read_check(fields: Fields) -> Check:
    kind = fields.word("type", KINDS)
    if kind is None:
        raise fields.wrong("type", None, f"one of {', '.join(KINDS)}")
    _refuse_strangers(fields, kind)
    check = Check(
        type=kind,
        value=fields.text("value", most=LONGEST_VALUE),
        ignore_case=fields.flag("ignore_case"),
        pattern=fields.text("pattern", most=LONGEST_PATTERN),
        schema=fields.mapping("schema"),
        min=_read_number(fields, "min"),
        max=_read_length(fields) if kind == "max_length" else _read_number(fields, "max"),
        model=fields.text("model"),
        question=fields.text("question", most=LONGEST_QUESTION),
    )
    fields.rest()
    _refuse_nonsense(check, fields)
    return check


def _refuse_strangers(fields: Fields, kind: Kind) -> None:
    for name, kinds in APPLIES.items():
        if fields.left.get(name) is not None and kind not in kinds:
            path = fields.at(name)
            raise InvalidField(
                f"{path}: a check of type {kind} has no {name}.", param=path, code="field_does_not_apply"
            )


def _read_number(fields: Fields, name: str) -> float | None:
    """Kept as it was said: 1 stays 1."""
    said = fields.left.get(name)
    fields.number(name, -LARGEST_NUMBER, LARGEST_NUMBER)
    return said if isinstance(said, int | float) else None


def _read_length(fields: Fields) -> int | None:
    return fields.integer("max", 1, LARGEST_LENGTH)


def _refuse_nonsense(check: Check, fields: Fields) -> None:
    for name in NEEDED.get(check.type, ()):
        if getattr(check, name) is None or (check.type != "equals" and getattr(check, name) == ""):
            raise fields.wrong(name, getattr(check, name), f"a {name}: {check.type} needs one")
    if check.type == "number_range" and check.min is None and check.max is None:
        raise fields.wrong("min", None, "min, max or both")
    if check.min is not None and check.max is not None and check.min > check.max:
        raise fields.wrong("max", check.max, f"at least {check.min}, which is min")
    if check.pattern is not None:
        _pattern(check.pattern, fields.path)
    if check.schema is not None:
        _schema(check.schema, fields.at("schema"))


def _pattern(pattern: str, path: str) -> Judge:
    return Judge({"type": "string", "pattern": pattern}, Weight(1, 1), path=path)


def _schema(schema: JsonObject, path: str) -> Judge:
    return Judge(schema, weigh(schema, path), path=path)


def _equals(check: Check, text: str) -> str | None:
    """White space at the ends aside: models like to end their answers with a new line."""
    wanted, got = _cased(check, text)
    return None if got.strip() == wanted.strip() else f'wanted "{_short(check.value)}", got "{_short(text)}"'


def _contains(check: Check, text: str) -> str | None:
    wanted, got = _cased(check, text)
    return None if wanted in got else f'wanted "{_short(check.value)}" in it, got "{_short(text)}"'


def _not_contains(check: Check, text: str) -> str | None:
    wanted, got = _cased(check, text)
    at = got.find(wanted)
    return None if at < 0 else f'"{_short(check.value)}" is in it, at character {at + 1}'


def _cased(check: Check, text: str) -> tuple[str, str]:
    wanted = check.value or ""
    return (wanted.casefold(), text.casefold()) if check.ignore_case else (wanted, text)


def _regex(check: Check, text: str) -> str | None:
    return _complaint(_pattern(check.pattern or "", "pattern"), text)


def _json_schema(check: Check, text: str) -> str | None:
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        return f'it is not JSON: {error.msg} at character {error.pos + 1}, in "{_short(text)}"'
    return _complaint(_schema(check.schema or {}, "schema"), value)


def _complaint(held: Judge, value: object) -> str | None:
    try:
        held.check(value, "answer", Allowance())
    except InvalidField as error:
        return error.message
    return None


def _number_range(check: Check, text: str) -> str | None:
    """Of the one number in the answer; with none or several it is not clear which is meant."""
    found = NUMBER.findall(text[:LONGEST_NUMBER_TEXT])
    if len(found) != 1:
        return f'wanted one number, got {len(found) or "none"} in "{_short(text)}"'
    number = float(found[0])
    if check.min is not None and number < check.min:
        return f"wanted at least {check.min}, got {_short(found[0])}"
    if check.max is not None and number > check.max:
        return f"wanted at most {check.max}, got {_short(found[0])}"
    return None


def _max_length(check: Check, text: str) -> str | None:
    most = check.max or 0
    return None if len(text) <= most else f"wanted at most {most:g} characters, got {len(text)}"


def _graded(check: Check, text: str) -> str | None:
    """A grader begins with PASS or FAIL and may say why."""
    verdict = VERDICT.match(text)
    if verdict is None:
        return f'the grader gave no verdict: "{_short(text)}"'
    return None if verdict[1].lower() == "pass" else f"the grader: {_short(text)}"


def _short(text: str | None) -> str:
    return shortened((text or "").strip(), 200)


JUDGES: dict[Kind, Callable[[Check, str], str | None]] = {
    "equals": _equals,
    "contains": _contains,
    "not_contains": _not_contains,
    "regex": _regex,
    "json_schema": _json_schema,
    "number_range": _number_range,
    "max_length": _max_length,
    "graded": _graded,
}

"""The values of a call, held against the declarations of a wording."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import get_close_matches

from llm.errors import InvalidField
from llm.types import JsonObject
from prompts.variables.complaints import shortened, step
from prompts.variables.declaration import Variable
from prompts.variables.holding import Held
from prompts.variables.judge import Allowance

MOST_PARTS = 5_000
"""Parts of all schemas of one wording, references followed."""


class Checker:
    """Immutable, and safe in several threads."""

    def __init__(self, variables: Sequence[Variable]) -> None:
        """Raises InvalidField for a declaration that cannot be held to: an evil pattern, a schema without end."""
        self._held = [Held(variable, f"variables[{index}]") for index, variable in enumerate(variables)]
        self.variables = tuple(variables)
        self._names = frozenset(variable.name for variable in variables)
        _check_sum(self._held)

    def check(self, values: JsonObject) -> JsonObject:
        """The values of all variables: defaults filled in, None for optional ones left out.

        Raises InvalidField; its `param` is the path below `prompt`, such as `variables.customer.address[0].zip`.
        """
        if not values.keys() <= self._names:
            raise self._unknown(values)
        allowance = Allowance()
        return {held.variable.name: self._value(held, values, allowance) for held in self._held}

    def _value(self, held: Held, values: JsonObject, allowance: Allowance) -> object:
        variable = held.variable
        value = values.get(variable.name)
        if value is not None:
            return held.check(value, f"variables.{variable.name}", allowance)
        if variable.required:
            raise _missing(variable)
        return variable.default

    def _unknown(self, values: JsonObject) -> InvalidField:
        name = next(name for name in values if name not in self._names)
        path = f"variables{step(str(name))}"
        near = get_close_matches(str(name)[:100], self._names, n=3)
        known = ", ".join(sorted(self._names)) or "none"
        return InvalidField(
            f"{path}: the prompt has no such variable.",
            param=path,
            code="variable_unknown",
            hint=f"did you mean {' or '.join(near)}?" if near else shortened(f"its variables: {known}", 300),
        )


def faults(variables: Sequence[Variable]) -> Iterator[InvalidField]:
    """What is wrong with declarations, one fault for each field; `param` is such as `variables[2].pattern`."""
    all_held: list[Held] = []
    for index, variable in enumerate(variables):
        path = f"variables[{index}]"
        try:
            all_held.append(held := Held(variable, path))
            _check_sum(all_held)
        except InvalidField as error:
            yield error
        else:
            yield from _misfits(held, path)


def _misfits(held: Held, path: str) -> Iterator[InvalidField]:
    """A default and an example that their own declaration would refuse."""
    for field in ("default", "example"):
        value = getattr(held.variable, field)
        try:
            if value is not None:
                held.check(value, f"{path}.{field}", Allowance())
        except InvalidField as error:
            yield error


def _check_sum(held: Sequence[Held]) -> None:
    parts = sum(each.parts for each in held)
    if parts > MOST_PARTS:
        raise InvalidField(
            f"variables: their schemas have {parts} parts in all, at most {MOST_PARTS} are taken.",
            param="variables",
            code="invalid_schema",
        )


def _missing(variable: Variable) -> InvalidField:
    path = f"variables.{variable.name}"
    wanted = f"{'an' if variable.type[0] in 'aeio' else 'a'} {variable.type}"
    hint = f"it is {shortened(variable.description)}" if variable.description else None
    return InvalidField(f"{path}: got nothing, wanted {wanted}.", param=path, code="variable_missing", hint=hint)

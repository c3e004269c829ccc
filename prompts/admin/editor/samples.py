"""Values to preview a prompt with, where nobody has typed any yet."""

from __future__ import annotations

from typing import Any

from prompts.variables import Variable

STAND_INS: dict[str, Any] = {"number": 1, "integer": 1, "boolean": True, "array": [], "object": {}}


def sample(variable: Variable) -> Any:
    """Its example, else its default, else something of its type; None of an image, which nobody can make up."""
    for said in (variable.example, variable.default):
        if said is not None:
            return said
    match variable.type:
        case "enum":
            return variable.choices[0] if variable.choices else None
        case "number" | "integer" if variable.min is not None:
            return variable.min
        case "string":
            return f"[{variable.name}]"[: variable.max_length]
    return STAND_INS.get(variable.type)

"""Sampling, tools and the form of the answer, as both dialects name them."""

from __future__ import annotations

from llm.dialects.openai.requests import MOST_CHOICES
from llm.dialects.options import MAX_STOPS, MOST_TOKENS, SEED
from llm.dialects.tools import FORMATS, LONGEST_DESCRIPTION, MAX_TOOLS, MODES
from llm.surfaces.openapi.messages import FUNCTION, Shaped
from llm.surfaces.openapi.words import (
    ANY,
    FLAG,
    Schema,
    either,
    integer,
    listing,
    number,
    open_thing,
    optional,
    said,
    text,
    thing,
    word,
)

TOKENS = integer(1, MOST_TOKENS)
SAMPLING = {
    "temperature": number(0, 2),
    "max_tokens": TOKENS,
    "top_p": number(0, 1),
    "top_k": integer(0, MOST_TOKENS),
    "frequency_penalty": number(-2, 2),
    "presence_penalty": number(-2, 2),
    "stop": either(said(1_000), listing(text(1_000), MAX_STOPS)),
    "seed": integer(-SEED, SEED - 1),
    "parallel_tool_calls": FLAG,
    "reasoning_effort": text(),
}
DEFINITION = {
    "name": said(),
    **optional({"description": text(LONGEST_DESCRIPTION), "parameters": ANY, "strict": FLAG}),
}
OUTLINE = optional({"schema": ANY, "name": text(), "description": text(LONGEST_DESCRIPTION), "strict": FLAG})


def options(tool: Schema, choice: Schema, form: Schema, function: Schema) -> Schema:
    """The properties; of `tools` and `functions`, and of the choices between them, one may be said."""
    named = {
        "tools": listing(tool, MAX_TOOLS),
        "tool_choice": choice,
        "response_format": form,
        "functions": listing(function, MAX_TOOLS, deprecated=True),
        "function_call": {**choice, "deprecated": True},
    }
    return optional(SAMPLING | named)


def wrapped(shaped: Shaped, inside: Schema) -> Schema:
    return shaped({"type": FUNCTION, "function": shaped(inside, "name")}, "function")


def form(shaped: Shaped, *others: Schema) -> Schema:
    plain = [name for name in FORMATS if name != "json_schema"]
    outlined = {"type": word("json_schema"), "json_schema": shaped(OUTLINE)}
    return either(shaped({"type": word(*plain)}, "type"), shaped(outlined, "type", "json_schema"), *others)


NATIVE_OPTIONS = options(
    tool=either(thing({"type": FUNCTION, **DEFINITION}, "name"), wrapped(thing, DEFINITION)),
    choice=either(word(*MODES), thing({"type": FUNCTION, "name": said()}, "name"), wrapped(thing, {"name": said()})),
    form=form(thing, thing({}, description="No form at all.")),
    function=thing(DEFINITION, "name"),
)


FOREIGN = open_thing(
    {"type": {**said(description="The vendor's own: handed on as it is."), "not": {"enum": ["function"]}}}, "type"
)
OPENAI_OPTIONS = options(
    tool=either(wrapped(open_thing, DEFINITION), FOREIGN),
    choice=either(word(*MODES), wrapped(open_thing, {"name": said()}), FOREIGN),
    form=form(open_thing, open_thing({"type": {"not": {"enum": list(FORMATS)}}})),
    function=open_thing(DEFINITION, "name"),
) | optional({"n": integer(1, MOST_CHOICES), "max_completion_tokens": TOKENS})

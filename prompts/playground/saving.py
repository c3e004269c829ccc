"""`POST /playground/examples/`: what was asked and answered in a column becomes an example of its prompt."""

from __future__ import annotations

import re
from uuid import UUID

from django.http import HttpRequest

from llm.dialects.fields import Fields
from llm.dialects.gatehouse import LARGEST_VERSION
from llm.errors import Forbidden, InvalidField, NotFound
from llm.types import JsonObject
from prompts.models import Prompt
from prompts.playground.doors import CHANGE, answered, said
from prompts.writing.examples import read_example, save_example

GENERATION = re.compile(r"gen_([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})")


@answered("POST")
def examples(request: HttpRequest) -> JsonObject:
    if not request.user.has_perm(CHANGE):
        raise Forbidden("You may not change prompts.", code="prompts_not_allowed")
    fields = said(request)
    wanted, source = fields.integer("prompt", 1, LARGEST_VERSION), read_source(fields)
    draft = read_example(fields)
    draft.source = source
    prompt = Prompt.objects.filter(pk=wanted).first() if wanted else None
    if prompt is None:
        raise NotFound("There is no such prompt.", param="prompt", code="prompt_not_found")
    if prompt.examples.filter(name=draft.name).exists():
        raise InvalidField(f"{prompt.name} has an example {draft.name} already.", param="name", code="name_taken")
    save_example(prompt, draft)
    return {"name": draft.name}


def read_source(fields: Fields) -> UUID | None:
    """The id of the generation. Raises InvalidField."""
    source = fields.text("source")
    found = GENERATION.fullmatch(source or "")
    if source is not None and found is None:
        raise fields.wrong("source", source, "the id of a generation")
    return UUID(found[1]) if found else None

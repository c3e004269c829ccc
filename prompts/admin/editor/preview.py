"""What the page's script asks while somebody types: what is wrong, what would be sent, and what that would cost."""

from __future__ import annotations

import orjson
from django.http import HttpRequest, HttpResponse, JsonResponse, QueryDict
from django.views.decorators.http import require_POST

from llm import tokens
from llm.counting import first_route
from llm.dialects.fields import Fields
from llm.dialects.options import read_options
from llm.errors import InvalidField
from llm.prices import dollars
from llm.registry import ModelSpec
from llm.surfaces.counting import answer_bound, estimate
from llm.types import JsonObject, Message, Request, Usage
from llm.wiring import catalog
from prompts.admin.editor import texts
from prompts.admin.editor.page import model_names
from prompts.admin.editor.samples import sample
from prompts.admin.editor.sheet import Sheet, sentence
from prompts.admin.pages.doors import EDIT, door
from prompts.judging import Problem
from prompts.language import TemplateError
from prompts.models import Prompt
from prompts.preview import as_sent
from prompts.render import compiled, problems
from prompts.variables import Variable
from prompts.wording import Wording


@require_POST
@door(EDIT)
def preview(request: HttpRequest, prompt: Prompt) -> HttpResponse:
    sheet = Sheet.sent(request.POST, models=model_names())
    return JsonResponse(previewed(sheet, request.POST), headers={"cache-control": "no-store"})


def previewed(sheet: Sheet, said: QueryDict) -> JsonObject:
    """`variables` is None where they cannot be read, and `messages` where nothing can be rendered."""
    told: JsonObject = {"problems": [], "variables": None, "messages": None, "refusal": None, "weight": None}
    if not sheet.is_readable():
        return told | {"problems": [_said("error", text, None) for text in _unread(sheet)]}
    try:
        wording = sheet.wording()
    except InvalidField as error:
        return told | {"problems": [_said("error", sentence(error), sheet.field(error.param or ""))]}
    values = chosen(wording.variables, said.get("values", ""))
    told |= {
        "problems": [_problem(problem, sheet) for problem in problems(wording)],
        "variables": [_described(variable, values.get(variable.name)) for variable in wording.variables],
    }
    try:
        messages = compiled(wording).render(values)
        return told | {"messages": as_sent(messages), "weight": weighed(messages, wording, said.get("weigh", ""))}
    except TemplateError:
        return told  # one of the problems
    except InvalidField as error:
        return told | {"refusal": {"message": sentence(error).removeprefix("variables."), "param": error.param}}


def chosen(variables: tuple[Variable, ...], typed: str) -> JsonObject:
    """What was typed, as JSON of texts by name; of the others a sample."""
    try:
        said = orjson.loads(typed or "{}")
    except orjson.JSONDecodeError:
        said = {}
    values: JsonObject = {}
    for variable in variables:
        text = said.get(variable.name) if isinstance(said, dict) else None
        value = texts.read_value(variable.type, text) if isinstance(text, str) else sample(variable)
        if value is not None:
            values[variable.name] = value
    return values


def weighed(messages: list[Message], wording: Wording, model_name: str) -> JsonObject | None:
    """Counted here, without asking a vendor at each keystroke. None without a model. Raises InvalidField."""
    snapshot = catalog().snapshot()
    model = snapshot.models.get(model_name or wording.model or snapshot.default_model or "")
    if model is None:
        return None
    options = read_options(Fields(wording.options, "options", strict=False))
    counted = tokens.count(Request(messages), _counted_as(model))
    answer = answer_bound(options.max_tokens, model)
    cost = estimate(Usage(prompt_tokens=counted, completion_tokens=answer), model)
    return {
        "model": model.name,
        "prompt_tokens": counted,
        "exact": tokens.vocabulary_of(_counted_as(model)) is not None,
        "completion_tokens": answer,
        "cost": dollars(cost),
    }


def _counted_as(model: ModelSpec) -> str:
    route = first_route(model)
    return route.upstream_model if route else model.name


def _described(variable: Variable, value: object) -> JsonObject:
    """For the form of values; `value` is what was taken, as it would be typed."""
    return {
        "name": variable.name,
        "type": variable.type,
        "required": variable.required,
        "description": variable.description,
        "choices": variable.choices,
        "value": texts.write_value(variable.type, value),
    }


def _problem(problem: Problem, sheet: Sheet) -> JsonObject:
    told = _said(problem.level, sentence(problem), sheet.field(problem.path))
    return told | {"line": problem.line, "column": problem.column}


def _said(level: str, text: str, field: str | None) -> JsonObject:
    return {"level": level, "text": text, "field": field, "line": None, "column": None}


def _unread(sheet: Sheet) -> list[str]:
    rows = [form.errors for form in (*sheet.messages.forms, *sheet.variables.forms, sheet.settings)]
    found = [text for errors in rows for field in errors.values() for text in field]
    return found + [text for formset in (sheet.messages, sheet.variables) for text in formset.non_form_errors()]

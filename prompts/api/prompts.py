"""Prompts over HTTP: read, written, compared, rendered, and their labels moved."""

from __future__ import annotations

from difflib import get_close_matches
from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from analytics.parameters import Parameters
from llm.bridge import bridge
from llm.call import Caller
from llm.errors import Forbidden, NotFound
from llm.models import Organisation
from llm.prices import dollars
from llm.prompting import Choice
from llm.surfaces.auth import caller_of, check_scope, requires
from llm.surfaces.models import named
from llm.surfaces.openapi.operations import BodySchema
from llm.surfaces.views import ResourceView, body_of
from llm.types import PromptReference
from llm.wiring import catalog
from prompts.api import answers, operations
from prompts.api.paging import page
from prompts.bodies import read_details, read_move, read_reference
from prompts.difference import difference
from prompts.models import Category, LabelMove, Prompt, Version
from prompts.preview import as_sent, weighed
from prompts.wording import read_wording
from prompts.writing import editing, labelling
from prompts.writing.authors import Author
from prompts.writing.labelling import LABEL

SEEN = Prompt.objects.prefetch_related("labels")


class PromptListView(ResourceView):
    permission_classes = [requires("prompts.read")]
    schema = BodySchema()

    @operations.prompt_list
    def get(self, request: Request) -> Response:
        said = Parameters(request.query_params, ("q", "tag", "category", "archived", "limit", "cursor"))
        rows = SEEN.seen_by(caller_of(request)).filter(archived=said.choice("archived", ("true", "false")) == "true")
        if (category := said.choice("category", Category.values)) is not None:
            rows = rows.filter(category=category)
        if (tag := said.text("tag")) is not None:
            rows = rows.tagged(tag)
        if (words := said.text("q")) is not None:
            rows = rows.searched(words)
        return page(request, said, rows, "name", answers.prompt)

    @operations.prompt_new
    def post(self, request: Request) -> Response:
        caller = writer(request)
        organisation = Organisation.objects.get(pk=caller.organisation_id)
        made = editing.create(read_details(body_of(request)), Author.of_key(caller), organisation)
        return Response(answers.prompt(made), status=201)


class PromptView(ResourceView):
    permission_classes = [requires("prompts.read")]

    @operations.prompt
    def get(self, request: Request, name: str) -> Response:
        return Response(answers.prompt(found(caller_of(request), name)))


class VersionListView(ResourceView):
    permission_classes = [requires("prompts.read")]
    schema = BodySchema()

    @operations.version_list
    def get(self, request: Request, name: str) -> Response:
        said = Parameters(request.query_params, ("limit", "cursor"))
        rows = found(caller_of(request), name).versions.defer("wording")
        return page(request, said, rows, "-number", answers.listed)

    @operations.version_new
    def post(self, request: Request, name: str) -> Response:
        caller = writer(request)
        prompt = own(caller, name)
        fields = body_of(request)
        note = fields.text("note", most=editing.LONGEST_NOTE) or ""
        made = editing.save_version(prompt, read_wording(fields), Author.of_key(caller), editing.Origin(note=note))
        return Response(answers.version(made), status=201)


class VersionView(ResourceView):
    permission_classes = [requires("prompts.read")]

    @operations.version
    def get(self, request: Request, name: str, number: int) -> Response:
        return Response(answers.version(numbered(found(caller_of(request), name), number)))


class DifferenceView(ResourceView):
    permission_classes = [requires("prompts.read")]

    @operations.difference
    def get(self, request: Request, name: str, number: int, other: int) -> Response:
        prompt = found(caller_of(request), name)
        before, after = (numbered(prompt, one).opened() for one in (number, other))
        changes = [change.as_json() for change in difference(before, after)]
        return Response({"from": number, "to": other, "changes": changes})


class RenderView(ResourceView):
    permission_classes = [requires("prompts.read")]
    schema = BodySchema()

    @operations.render
    def post(self, request: Request, name: str) -> Response:
        caller = caller_of(request)
        asked, model_name = read_reference(body_of(request), name)
        choice = chosen(caller, asked)
        rendered = bridge().run(catalog().prompts.render(choice, asked.variables))
        model = named(model_name or rendered.model or catalog().snapshot().default_model or "", caller)
        weight = weighed(rendered.messages, rendered.options, model)
        return Response(
            {
                "name": choice.name,
                "version": choice.version,
                "label": choice.label,
                "messages": as_sent(rendered.messages),
                "model": model.name,
                "prompt_tokens": weight.prompt_tokens,
                "cost_estimate": dollars(weight.cost),
                "currency": "USD",
            }
        )


class LabelView(ResourceView):
    permission_classes = [requires("prompts.read")]
    schema = BodySchema()

    @operations.label
    def get(self, request: Request, name: str, label: str) -> Response:
        prompt = found(caller_of(request), name)
        row = prompt.labels.filter(name=label).first() if LABEL.fullmatch(label) else None
        if row is None:
            raise NotFound(f"{name} has no label {label[:64]!r}.", param="label", code="label_not_found")
        return Response({"name": row.name, **answers.label(row)})

    @operations.label_move
    def put(self, request: Request, name: str, label: str) -> Response:
        caller = writer(request)
        prompt = own(caller, name)
        split, reason = read_move(body_of(request))
        made = labelling.move(prompt, label, split, Author.of_key(caller), reason=reason)
        if isinstance(made, LabelMove):
            return Response(answers.move(made))
        return Response(answers.proposal(made), status=202)


class LabelHistoryView(ResourceView):
    permission_classes = [requires("prompts.read")]

    @operations.label_history
    def get(self, request: Request, name: str, label: str) -> Response:
        said = Parameters(request.query_params, ("limit", "cursor"))
        prompt = found(caller_of(request), name)
        moves: Any = prompt.moves.filter(label=label) if LABEL.fullmatch(label) else prompt.moves.none()
        return page(request, said, moves, "-id", answers.move)


def chosen(caller: Caller, asked: PromptReference) -> Choice:
    """As for a call: what is unknown may only be new. Raises NotFound and InvalidField."""
    library, lot = catalog().prompts, caller.user_id or ""
    try:
        return library.choose(caller, asked, lot)
    except NotFound:
        catalog().fresh_snapshot_sync()
        return library.choose(caller, asked, lot)


def writer(request: Request) -> Caller:
    """Raises Forbidden without the scope to write."""
    caller = caller_of(request)
    check_scope(caller, "prompts.write")
    return caller


def found(caller: Caller, name: str) -> Prompt:
    """The organisation's own, or the shared one. Raises NotFound, naming the nearest."""
    seen = SEEN.seen_by(caller)
    row = seen.filter(name=name).first() if "\x00" not in name else None
    if row is None:
        near = get_close_matches(name[:100], seen.values_list("name", flat=True), n=3)
        hint = f"Did you mean {' or '.join(near)}?" if near else None
        raise NotFound(f"There is no prompt {name[:200]!r}.", param="name", code="prompt_not_found", hint=hint)
    return row


def own(caller: Caller, name: str) -> Prompt:
    """Raises NotFound, and Forbidden for what is shared."""
    prompt = found(caller, name)
    if prompt.organisation_id is None:
        raise Forbidden(
            f"{name} is shared by all organisations: staff alone may change it.", param="name", code="shared_prompt"
        )
    return prompt


def numbered(prompt: Prompt, number: int) -> Version:
    """Raises NotFound."""
    row = prompt.versions.filter(number=number).first() if number <= prompt.newest else None
    if row is None:
        raise NotFound(f"{prompt} has no version {number}.", param="version", code="version_not_found")
    return row

"""Prompts out over HTTP, and in again."""

from __future__ import annotations

from django.http import HttpResponse
from rest_framework.request import Request
from rest_framework.response import Response

from analytics.parameters import Parameters
from llm.models import Organisation
from llm.surfaces.auth import caller_of, requires
from llm.surfaces.http import raw_body
from llm.surfaces.openapi.operations import BodySchema
from llm.surfaces.views import ResourceView
from prompts.api import operations
from prompts.models import Prompt
from prompts.transfer import Import, as_json, as_yaml, exported, imported, read
from prompts.writing.authors import Author
from prompts.writing.labelling import LONGEST_REASON

FORMS = {"json": ("application/json", as_json), "yaml": ("application/yaml", as_yaml)}


class ExportView(ResourceView):
    permission_classes = [requires("prompts.read")]

    @operations.prompt_export
    def get(self, request: Request) -> HttpResponse:
        said = Parameters(request.query_params, ("as", "name"))
        kind, written = FORMS[said.choice("as", FORMS) or "json"]
        own = Prompt.objects.filter(organisation_id=caller_of(request).organisation_id)
        if (name := said.text("name")) is not None:
            own = own.filter(name=name)
        return HttpResponse(written(exported(own)), content_type=kind)


class ImportView(ResourceView):
    permission_classes = [requires("prompts.write")]
    schema = BodySchema()

    @operations.prompt_import
    def post(self, request: Request) -> Response:
        said = Parameters(request.query_params, ("dry_run", "reason"))
        dry_run = said.choice("dry_run", ("true", "false")) == "true"
        caller = caller_of(request)
        task = Import(
            Organisation.objects.get(pk=caller.organisation_id),
            Author.of_key(caller),
            reason=said.text("reason") or f"imported by key {caller.key_name}"[:LONGEST_REASON],
            dry_run=dry_run,
        )
        changes = imported(read(raw_body(request._request)), task)
        return Response({"dry_run": dry_run, "changes": [change.as_json() for change in changes]})

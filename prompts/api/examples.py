"""A prompt's examples over HTTP."""

from __future__ import annotations

from rest_framework.request import Request
from rest_framework.response import Response

from analytics.parameters import Parameters
from llm.errors import NotFound
from llm.surfaces.auth import caller_of, requires
from llm.surfaces.openapi.operations import BodySchema
from llm.surfaces.views import ResourceView, body_of
from prompts.api import answers, operations
from prompts.api.paging import page
from prompts.api.prompts import found, own, writer
from prompts.bodies import read_versions
from prompts.examples.runs import run_as
from prompts.models import Example, Prompt
from prompts.writing.authors import Author
from prompts.writing.examples import delete_example, read_example, save_example


class ExampleListView(ResourceView):
    permission_classes = [requires("prompts.read")]
    schema = BodySchema()

    @operations.example_list
    def get(self, request: Request, name: str) -> Response:
        said = Parameters(request.query_params, ("limit", "cursor"))
        return page(request, said, found(caller_of(request), name).examples.all(), "id", answers.example)

    @operations.example_new
    def post(self, request: Request, name: str) -> Response:
        prompt = own(writer(request), name)
        draft = read_example(body_of(request))
        save_example(prompt, draft)
        return Response(answers.example(prompt.examples.get(name=draft.name)), status=201)


class ExampleView(ResourceView):
    permission_classes = [requires("prompts.read")]
    schema = BodySchema()

    @operations.example
    def get(self, request: Request, name: str, number: int) -> Response:
        return Response(answers.example(_example(found(caller_of(request), name), number)))

    @operations.example_change
    def put(self, request: Request, name: str, number: int) -> Response:
        prompt = own(writer(request), name)
        example = _example(prompt, number)
        save_example(prompt, read_example(body_of(request)), example)
        example.refresh_from_db()
        return Response(answers.example(example))

    @operations.example_end
    def delete(self, request: Request, name: str, number: int) -> Response:
        prompt = own(writer(request), name)
        delete_example(prompt, _example(prompt, number))
        return Response(status=204)


class ExampleRunView(ResourceView):
    permission_classes = [requires("prompts.read"), requires("generate")]
    schema = BodySchema()

    @operations.example_run
    def post(self, request: Request, name: str) -> Response:
        caller = caller_of(request)
        prompt = own(caller, name)
        done = run_as(caller, prompt, read_versions(body_of(request)), Author.of_key(caller))
        return Response(answers.run(done))


def _example(prompt: Prompt, number: int) -> Example:
    row = prompt.examples.filter(pk=number).first() if number < 2**63 else None
    if row is None:
        raise NotFound(f"{prompt} has no example {number}.", param="id", code="example_not_found")
    return row

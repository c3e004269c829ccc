"""What the API's schema says of prompts: which parameters, which answers, which refusals."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse, extend_schema

from analytics.schema import parameter
from llm.surfaces.openapi.operations import IDENTITY, JSON, refusals
from prompts.api.shapes import (
    DETAILS,
    DOCUMENT,
    EXAMPLE,
    MOVE,
    RENDER,
    RUN,
    VERSION,
    ExamplePageSerializer,
    ExampleSerializer,
    HistorySerializer,
    ImportSerializer,
    MoveSerializer,
    NamedLabelSerializer,
    PromptDetailSerializer,
    PromptDifferenceSerializer,
    PromptPageSerializer,
    ProposalSerializer,
    RenderedSerializer,
    RunSerializer,
    VersionPageSerializer,
    VersionSerializer,
)
from prompts.models import Category

YAML = "application/yaml"
View = TypeVar("View", bound=Callable[..., Any])

REFUSED = (400, 401, 403, 405, 503)
READING = (*REFUSED, 404, 422)
WRITING = (*READING, 413, 415)
LIMIT = OpenApiParameter("limit", {"type": "integer", "minimum": 1, "maximum": 1000, "default": 50})
CURSOR = parameter("cursor", "Out of `next`.")
NAME = OpenApiParameter("name", OpenApiTypes.STR, OpenApiParameter.PATH, description="The prompt's name.")
LABEL = OpenApiParameter("label", OpenApiTypes.STR, OpenApiParameter.PATH, description="Such as production.")


def number(name: str, about: str) -> OpenApiParameter:
    return OpenApiParameter(name, {"type": "integer", "minimum": 0}, OpenApiParameter.PATH, description=about)


NUMBER = number("number", "The version's number.")


def described(name: str, summary: str, responses: dict[Any, Any], **more: Any) -> Callable[[View], View]:
    parameters = [*IDENTITY, *more.pop("parameters", ())]
    return extend_schema(
        operation_id=name, summary=summary, tags=["prompts"], parameters=parameters, responses=responses, **more
    )


prompt_list = described(
    "prompts",
    "The prompts that the key's organisation may use, by name",
    {200: OpenApiResponse(PromptPageSerializer, "A page, and the way to the next."), **refusals(*REFUSED, 422)},
    description="Its own and the shared ones; an own one hides a shared one of its name.",
    parameters=[
        parameter("q", "Words that name, description, tags, owner or the newest version all have."),
        parameter("tag", "Only with this tag."),
        OpenApiParameter("category", {"type": "string", "enum": Category.values}),
        OpenApiParameter("archived", {"type": "string", "enum": ["true", "false"], "default": "false"}),
        LIMIT,
        CURSOR,
    ],
)
prompt_new = described(
    "prompt_new",
    "Make a prompt",
    {201: OpenApiResponse(PromptDetailSerializer, "The prompt, without a version yet."), **refusals(*WRITING)},
    request={JSON: DETAILS},
    examples=[OpenApiExample("A prompt", {"name": "support-reply", "category": "chat"}, request_only=True)],
)
prompt = described(
    "prompt",
    "One prompt with its labels",
    {200: OpenApiResponse(PromptDetailSerializer, "The prompt."), **refusals(*REFUSED, 404)},
    parameters=[NAME],
)
version_list = described(
    "prompt_versions",
    "The versions of a prompt, newest first",
    {200: OpenApiResponse(VersionPageSerializer, "A page, and the way to the next."), **refusals(*READING)},
    parameters=[NAME, LIMIT, CURSOR],
)
version_new = described(
    "prompt_version_new",
    "Save a new version",
    {201: OpenApiResponse(VersionSerializer, "The version, which nobody changes any more."), **refusals(*WRITING)},
    description="No version is ever changed: a changed text is a new one, and no label moves by itself.",
    parameters=[NAME],
    request={JSON: VERSION},
    examples=[
        OpenApiExample(
            "A greeting",
            {
                "messages": [{"role": "user", "content": "Greet {{ customer }}."}],
                "variables": [{"name": "customer", "type": "string", "max_length": 100}],
                "note": "first",
            },
            request_only=True,
        )
    ],
)
version = described(
    "prompt_version",
    "One version of a prompt",
    {200: OpenApiResponse(VersionSerializer, "The version."), **refusals(*REFUSED, 404)},
    parameters=[NAME, NUMBER],
)
difference = described(
    "prompt_difference",
    "What is different between two versions",
    {200: OpenApiResponse(PromptDifferenceSerializer, "By message and setting."), **refusals(*REFUSED, 404)},
    parameters=[NAME, NUMBER, number("other", "The number of the other version.")],
)
render = described(
    "prompt_render",
    "The messages a prompt comes to with these variables",
    {200: OpenApiResponse(RenderedSerializer, "The messages, their tokens and their price."), **refusals(*WRITING)},
    description="Nothing is asked and nothing paid. Without version and label: production.",
    parameters=[NAME],
    request={JSON: RENDER},
    examples=[OpenApiExample("For Ada", {"variables": {"customer": "Ada"}}, request_only=True)],
)
label = described(
    "prompt_label",
    "What a label means",
    {200: OpenApiResponse(NamedLabelSerializer, "The label."), **refusals(*REFUSED, 404)},
    parameters=[NAME, LABEL],
)
label_move = described(
    "prompt_label_move",
    "Move a label to a version, or split it over several",
    {
        (200, JSON): OpenApiResponse(MoveSerializer, "The move; every process follows within seconds."),
        (202, JSON): OpenApiResponse(ProposalSerializer, "The prompt asks for four eyes: it waits for an approval."),
        **refusals(*WRITING),
    },
    description="A protected one (production, at first) takes the scope `prompts.publish` and a reason.",
    parameters=[NAME, LABEL],
    request={JSON: MOVE},
    examples=[OpenApiExample("Publish", {"version": 3, "reason": "friendlier"}, request_only=True)],
)
label_history = described(
    "prompt_label_history",
    "How a label came to mean what it means, newest first",
    {200: OpenApiResponse(HistorySerializer, "A page, and the way to the next."), **refusals(*READING)},
    parameters=[NAME, LABEL, LIMIT, CURSOR],
)
prompt_export = described(
    "prompt_export",
    "The organisation's prompts with all of their versions, labels and examples",
    {
        (200, JSON): OpenApiResponse(DOCUMENT, "A document that can be imported, here and elsewhere."),
        (200, YAML): OpenApiResponse(DOCUMENT, "The same."),
        **refusals(*REFUSED, 422),
    },
    parameters=[
        OpenApiParameter("as", {"type": "string", "enum": ["json", "yaml"], "default": "json"}),
        parameter("name", "Only this prompt."),
    ],
)
prompt_import = described(
    "prompt_import",
    "Take in a document of prompts, all of it or nothing",
    {200: OpenApiResponse(ImportSerializer, "What has changed, or would."), **refusals(*WRITING, 409)},
    description=(
        "A version with the number of one that is there must say the same; one without a number is saved as a new one "
        "if it says something else than the newest. Labels move by the same rights as anywhere. YAML is read as well."
    ),
    parameters=[
        OpenApiParameter("dry_run", {"type": "string", "enum": ["true", "false"], "default": "false"}),
        parameter("reason", "Why labels move."),
    ],
    request={JSON: DOCUMENT},
)
ID = number("number", "The example's id.")
example_list = described(
    "prompt_examples",
    "The examples of a prompt",
    {200: OpenApiResponse(ExamplePageSerializer, "A page, and the way to the next."), **refusals(*READING)},
    parameters=[NAME, LIMIT, CURSOR],
)
example_new = described(
    "prompt_example_new",
    "Add an example, or change the one of that name",
    {201: OpenApiResponse(ExampleSerializer, "The example."), **refusals(*WRITING)},
    parameters=[NAME],
    request={JSON: EXAMPLE},
    examples=[
        OpenApiExample(
            "Says her name",
            {
                "name": "says her name",
                "variables": {"customer": "Ada"},
                "checks": [{"type": "contains", "value": "Ada"}],
            },
            request_only=True,
        )
    ],
)
example = described(
    "prompt_example",
    "One example",
    {200: OpenApiResponse(ExampleSerializer, "The example."), **refusals(*REFUSED, 404)},
    parameters=[NAME, ID],
)
example_change = described(
    "prompt_example_change",
    "Change an example",
    {200: OpenApiResponse(ExampleSerializer, "The example."), **refusals(*WRITING)},
    parameters=[NAME, ID],
    request={JSON: EXAMPLE},
)
example_end = described(
    "prompt_example_end",
    "Delete an example with its results",
    {204: OpenApiResponse(description="It is gone."), **refusals(*REFUSED, 404)},
    parameters=[NAME, ID],
)
example_run = described(
    "prompt_example_run",
    "Run all examples on up to three versions",
    {200: OpenApiResponse(RunSerializer, "How each version fared with each example."), **refusals(*WRITING, 409)},
    description="Each is a call like any other, at the key's own cost and within its limits. It takes as long as they "
    "do.",
    parameters=[NAME],
    request={JSON: RUN},
    examples=[OpenApiExample("The old and the new one", {"versions": [2, 3]}, request_only=True)],
)

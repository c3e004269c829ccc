"""The shapes of prompts for the API's schema: what is taken, and what is answered."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from llm.dialects.gatehouse import LARGEST_VERSION
from llm.surfaces.openapi.options import NATIVE_OPTIONS
from llm.surfaces.openapi.requests import ONE_WORD_FOR_TOOLS
from llm.surfaces.openapi.words import (
    ANY,
    FLAG,
    Named,
    given,
    integer,
    listing,
    maybe,
    not_both,
    number,
    open_thing,
    optional,
    said,
    text,
    thing,
    word,
)
from llm.surfaces.shapes import dollars
from prompts.bodies import MOST_VERSIONS
from prompts.checks import KINDS as CHECKS
from prompts.checks import MAX_CHECKS
from prompts.models import Category, Outcome, RunState
from prompts.models.prompts import LONGEST_NAME
from prompts.variables import KINDS
from prompts.variables.declaration import MAX_VARIABLES
from prompts.wording import LONGEST_CONTENT, MAX_MESSAGES, MAX_MODELS, ROLES
from prompts.writing.editing import LONGEST_DESCRIPTION, LONGEST_NOTE, LONGEST_TAG, MOST_TAGS
from prompts.writing.examples import LONGEST_EXPECTED
from prompts.writing.examples import LONGEST_NAME as LONGEST_EXAMPLE
from prompts.writing.labelling import LONGEST_REASON, MOST_SHARES, MOST_WEIGHT

PLAIN = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f]*$"
"""Of what is kept: no control characters but tab and new lines."""
NUMBER = integer(1, LARGEST_VERSION)
LABEL = said(64)
NAME = said(LONGEST_NAME, pattern="^[A-Za-z0-9][A-Za-z0-9._-]*$")
DETAILS = Named(
    "PromptNew",
    thing(
        {
            "name": NAME,
            **optional(
                {
                    "description": text(LONGEST_DESCRIPTION, pattern=PLAIN),
                    "category": word(*Category.values),
                    "tags": listing(said(LONGEST_TAG, pattern=PLAIN), MOST_TAGS),
                }
            ),
        },
        "name",
    ),
)
VARIABLE = thing(
    {
        "name": said(64, pattern="^[A-Za-z_][A-Za-z0-9_]*$"),
        **optional(
            {
                "type": word(*KINDS),
                "required": FLAG,
                "description": text(None),
                "min": {"type": "number"},
                "max": {"type": "number"},
                "min_length": integer(0, LARGEST_VERSION),
                "max_length": integer(0, LARGEST_VERSION),
                "pattern": text(None, description="Matched anywhere; without look-around and back-references."),
                "choices": {"type": "array", "items": text(None)},
                "schema": {**ANY, "description": "JSON schema of an array or object; `$ref` within itself alone."},
            }
        ),
        "default": {"description": "Used where nothing is given."},
        "example": {"description": "Of what it may be."},
    },
    "name",
)
LINE = thing(
    {
        "role": word(*ROLES),
        "content": text(LONGEST_CONTENT, description="A template: `{{ name }}`, `{% if %}`, `{% for %}`."),
    },
    "role",
    "content",
)
WORDING = {
    "messages": listing(LINE, MAX_MESSAGES, minItems=1),
    **optional(
        {
            "variables": listing(VARIABLE, MAX_VARIABLES),
            "model": text(),
            "options": thing(NATIVE_OPTIONS, allOf=ONE_WORD_FOR_TOOLS),
            "optimized_for": listing(text(), MAX_MODELS),
            "response_schema": ANY,
        }
    ),
}
VERSION = Named("PromptVersionNew", thing({**WORDING, "note": maybe(text(LONGEST_NOTE, pattern=PLAIN))}, "messages"))
SHARE = thing({"version": NUMBER, "weight": maybe(number(0, MOST_WEIGHT))}, "version")
MEANT = optional({"version": NUMBER, "split": listing(SHARE, MOST_SHARES, minItems=1)})
ONE_OF = {
    "anyOf": [given("version", {"type": "integer"}), given("split", {"type": "array"})],
    "allOf": [not_both("version", "split")],
}
"""A version, or a split of several."""
MOVE = Named("PromptLabelMove", thing({**MEANT, "reason": maybe(text(LONGEST_REASON))}, **ONE_OF))
RENDER = Named(
    "PromptRender",
    thing(
        optional({"version": NUMBER, "label": LABEL, "variables": ANY, "model": text()}),
        allOf=[not_both("label", "version")],
    ),
)


CHECK = open_thing(
    {"type": word(*CHECKS)}, "type", description="What it asks of the answer; the fields beside are of its type."
)
RUN = Named(
    "PromptExampleRun", thing({"versions": listing(NUMBER, MOST_VERSIONS, minItems=1, uniqueItems=True)}, "versions")
)
EXAMPLE = Named(
    "PromptExampleNew",
    thing(
        {
            "name": said(LONGEST_EXAMPLE),
            **optional({"variables": ANY, "expected": text(LONGEST_EXPECTED), "checks": listing(CHECK, MAX_CHECKS)}),
        },
        "name",
    ),
)


DOCUMENT = Named(
    "Prompts",
    thing(
        {
            "format": maybe(word("gatehouse-prompts/1")),
            "prompts": {
                "type": "array",
                "items": open_thing({"name": NAME}, "name", description="With its versions, labels and examples."),
            },
        },
        "prompts",
        description="What an export gives. It may be YAML as well, of which no tags and anchors are read.",
    ),
)


class MeantSerializer(serializers.Serializer[Any]):
    version = serializers.IntegerField(allow_null=True)
    split = serializers.ListField(child=serializers.DictField(), allow_null=True, help_text="Versions and weights.")


class LabelSerializer(MeantSerializer):
    protected = serializers.BooleanField(help_text="Moving it takes the scope prompts.publish and a reason.")
    moved_at = serializers.DateTimeField()


class NamedLabelSerializer(LabelSerializer):
    name = serializers.CharField()


class PromptDetailSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    description = serializers.CharField()
    category = serializers.ChoiceField(Category.choices)
    tags = serializers.ListField(child=serializers.CharField())
    shared = serializers.BooleanField(help_text="Of all organisations; only staff may change it.")
    archived = serializers.BooleanField()
    newest_version = serializers.IntegerField(allow_null=True)
    labels = serializers.DictField(child=LabelSerializer())
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()


class PromptPageSerializer(serializers.Serializer[Any]):
    results = PromptDetailSerializer(many=True)
    next = serializers.URLField(allow_null=True)


class ListedVersionSerializer(serializers.Serializer[Any]):
    version = serializers.IntegerField()
    note = serializers.CharField()
    author = serializers.CharField()
    created_at = serializers.DateTimeField()


class VersionPageSerializer(serializers.Serializer[Any]):
    results = ListedVersionSerializer(many=True)
    next = serializers.URLField(allow_null=True)


class VersionSerializer(ListedVersionSerializer):
    messages = serializers.ListField(child=serializers.DictField())
    variables = serializers.ListField(child=serializers.DictField())
    model = serializers.CharField(allow_null=True)
    options = serializers.DictField()
    optimized_for = serializers.ListField(child=serializers.CharField())
    response_schema = serializers.DictField(allow_null=True)
    json_schema = serializers.DictField(help_text="JSON Schema of the variables, for forms and for checks of your own.")
    forked_from = serializers.IntegerField(allow_null=True)


class PromptDifferenceSerializer(serializers.Serializer[Any]):
    to = serializers.IntegerField()
    changes = serializers.ListField(child=serializers.DictField(), help_text="By message and setting, to the word.")

    def get_fields(self) -> Any:
        return {"from": serializers.IntegerField(), **super().get_fields()}


class RenderedSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    version = serializers.IntegerField()
    messages = serializers.ListField(child=serializers.DictField())
    model = serializers.CharField(help_text="The one it is weighed for.")
    prompt_tokens = serializers.IntegerField()
    cost_estimate = dollars("With the longest answer asked for; null: the price is unknown.", allow_null=True)
    currency = serializers.CharField()

    def get_fields(self) -> Any:
        return {**super().get_fields(), "label": serializers.CharField(allow_null=True)}


class WishSerializer(serializers.Serializer[Any]):
    to = MeantSerializer()
    reason = serializers.CharField()
    author = serializers.CharField()
    created_at = serializers.DateTimeField()

    def get_fields(self) -> Any:
        return {"label": serializers.CharField(), "from": MeantSerializer(), **super().get_fields()}


class MoveSerializer(WishSerializer):
    approver = serializers.CharField(allow_null=True, help_text="Who agreed, where it took two.")


class ProposalSerializer(WishSerializer):
    waits_for = serializers.ChoiceField(["approval"])


class HistorySerializer(serializers.Serializer[Any]):
    results = MoveSerializer(many=True)
    next = serializers.URLField(allow_null=True)


class ImportedSerializer(serializers.Serializer[Any]):
    prompt = serializers.CharField()
    what = serializers.CharField(help_text="What is new of it, in words.")
    difference = serializers.ListField(child=serializers.DictField(), help_text="From the newest version before.")


class ImportSerializer(serializers.Serializer[Any]):
    dry_run = serializers.BooleanField()
    changes = ImportedSerializer(many=True)


class ExampleSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    name = serializers.CharField()
    variables = serializers.DictField()
    expected = serializers.CharField()
    checks = serializers.ListField(child=serializers.DictField())
    created_at = serializers.DateTimeField()
    changed_at = serializers.DateTimeField(help_text="Results of before say nothing of it.")


class ExamplePageSerializer(serializers.Serializer[Any]):
    results = ExampleSerializer(many=True)
    next = serializers.URLField(allow_null=True)


class ResultSerializer(serializers.Serializer[Any]):
    example = serializers.CharField()
    version = serializers.IntegerField()
    outcome = serializers.ChoiceField(
        Outcome.choices, help_text="An error says nothing of the version: no answer came."
    )
    changed = serializers.BooleanField(
        allow_null=True, help_text="Whether the answer is another than the first version's, or than the run before."
    )
    failures = serializers.ListField(child=serializers.CharField())
    text = serializers.CharField()
    generation_id = serializers.CharField(allow_null=True)
    model = serializers.CharField(allow_null=True)
    cost = dollars("Null: the price is unknown.", allow_null=True)
    latency_ms = serializers.FloatField()


class TotalSerializer(serializers.Serializer[Any]):
    version = serializers.IntegerField()
    error = serializers.IntegerField()
    cost = dollars("Of the answers whose price is known.")
    unpriced = serializers.IntegerField()

    def get_fields(self) -> Any:
        return {"pass": serializers.IntegerField(), "fail": serializers.IntegerField(), **super().get_fields()}


class RunSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    state = serializers.ChoiceField(RunState.choices)
    versions = serializers.ListField(child=serializers.IntegerField())
    results = ResultSerializer(many=True)
    totals = TotalSerializer(many=True)

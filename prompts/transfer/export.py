"""Rows to plain values: names, words and numbers, nothing of this database."""

from __future__ import annotations

from typing import Any

from django.db.models import Prefetch, QuerySet

from llm.types import JsonObject
from prompts.choosing import Split
from prompts.models import Example, Label, Prompt, Version

FORMAT = "gatehouse-prompts/1"


def exported(prompts: QuerySet[Prompt]) -> JsonObject:
    """`prompts` with all of their versions, labels and examples, by name."""
    whole = prompts.order_by("name").prefetch_related(
        "labels", "examples", Prefetch("versions", Version.objects.order_by("number"))
    )
    return {"format": FORMAT, "prompts": [_prompt(row) for row in whole]}


def _prompt(row: Prompt) -> JsonObject:
    return {
        "name": row.name,
        "description": row.description,
        "category": row.category,
        "tags": row.tags,
        "archived": row.archived,
        "publish_only_when_green": row.needs_green,
        "publish_with_four_eyes": row.needs_approval,
        "versions": [_version(one) for one in row.versions.all()],
        "labels": {one.name: _label(one) for one in row.labels.all()},
        "examples": [_example(one) for one in row.examples.all()],
    }


def _version(row: Version) -> JsonObject:
    said = {"note": row.note, "author": row.author, "created_at": row.created_at.isoformat()}
    return {"version": row.number, **row.wording, **said}


def _label(row: Label) -> JsonObject:
    return {**_meant(row.split), "protected": row.protected}


def _meant(split: Split) -> dict[str, Any]:
    return {"version": split[0]["version"]} if len(split) == 1 else {"split": split}


def _example(row: Example) -> JsonObject:
    return {"name": row.name, "variables": row.variables, "expected": row.expected, "checks": row.checks}

"""Rows of prompts as the API answers them."""

from __future__ import annotations

from llm.types import JsonObject
from prompts.choosing import Split
from prompts.models import Example, Label, LabelMove, Prompt, Proposal, Version
from prompts.variables import json_schema


def prompt(row: Prompt) -> JsonObject:
    """With its labels, which are prefetched where there are many."""
    return {
        "name": row.name,
        "description": row.description,
        "category": row.category,
        "tags": row.tags,
        "shared": row.organisation_id is None,
        "archived": row.archived,
        "newest_version": row.newest or None,
        "labels": {one.name: label(one) for one in row.labels.all()},
        "created_at": row.created_at,
        "updated_at": row.updated_at,
    }


def label(row: Label) -> JsonObject:
    return {**meant(row.split), "protected": row.protected, "moved_at": row.moved_at}


def meant(split: Split) -> JsonObject:
    """What a label means: one version, or a split."""
    if len(split) == 1:
        return {"version": split[0]["version"], "split": None}
    return {"version": None, "split": split or None}


def version(row: Version) -> JsonObject:
    wording = row.opened()
    return {
        "version": row.number,
        **row.wording,
        "json_schema": json_schema(wording.variables),
        "note": row.note,
        "author": row.author,
        "forked_from": row.forked_from,
        "created_at": row.created_at,
    }


def listed(row: Version) -> JsonObject:
    """A version among others: without what it says."""
    return {"version": row.number, "note": row.note, "author": row.author, "created_at": row.created_at}


def move(row: LabelMove) -> JsonObject:
    return {
        "label": row.label,
        "from": meant(row.before),
        "to": meant(row.after),
        "reason": row.reason,
        "author": row.author,
        "approver": row.approver or None,
        "created_at": row.created_at,
    }


def proposal(row: Proposal) -> JsonObject:
    return {
        "label": row.label,
        "from": meant(row.before),
        "to": meant(row.after),
        "reason": row.reason,
        "author": row.author,
        "waits_for": "approval",
        "created_at": row.created_at,
    }


def example(row: Example) -> JsonObject:
    return {
        "id": row.pk,
        "name": row.name,
        "variables": row.variables,
        "expected": row.expected,
        "checks": row.checks,
        "created_at": row.created_at,
        "changed_at": row.changed_at,
    }

"""Rows of prompts as the API answers them."""

from __future__ import annotations

from llm.call import public_id
from llm.prices import dollars
from llm.types import JsonObject
from prompts.choosing import Split
from prompts.examples import outcomes
from prompts.models import Example, Label, LabelMove, Prompt, Proposal, Run, Version
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


def run(row: Run) -> JsonObject:
    """What became of each example on each version, and all together."""
    found = outcomes.rows(row, list(row.prompt.examples.all()))
    return {
        "id": row.pk,
        "state": row.state,
        "versions": row.versions,
        "results": [_result(line.example, cell) for line in found for cell in line.cells if cell.result],
        "totals": [_total(total) for total in outcomes.totals(row)],
    }


def _result(example: Example, cell: outcomes.Cell) -> JsonObject:
    result = cell.result
    assert result is not None
    return {
        "example": example.name,
        "version": cell.version,
        "outcome": result.outcome,
        "changed": cell.changed,
        "failures": result.failures,
        "text": result.text,
        "generation_id": public_id(result.generation_id) if result.generation_id else None,
        "model": result.model or None,
        "cost": dollars(result.cost),
        "latency_ms": result.latency_ms,
    }


def _total(total: outcomes.Total) -> JsonObject:
    return {
        "version": total.version,
        "pass": total.passed,
        "fail": total.failed,
        "error": total.errors,
        "cost": dollars(total.cost),
        "unpriced": total.unpriced,
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

"""A registry file into the database: all of it, or nothing."""

from __future__ import annotations

from django.db import transaction

from llm.registry_file.budgets import write_budgets
from llm.registry_file.customers import write_keys, write_organisations
from llm.registry_file.doubts import doubt_limits
from llm.registry_file.goods import clear_aliases, write_models, write_parts, write_successors, write_tiers
from llm.registry_file.place import Refused
from llm.registry_file.pruning import prune_used, prune_users
from llm.registry_file.references import misled
from llm.registry_file.sellers import write_default_models, write_providers
from llm.registry_file.shape import Document
from llm.registry_file.writing import Outcome, Writing

STEPS = (
    write_organisations,
    write_providers,
    clear_aliases,
    write_models,
    write_parts,
    write_successors,
    write_tiers,
    write_default_models,
    write_keys,
    write_budgets,
    doubt_limits,
)


def apply(document: Document, *, prune: bool = False, dry_run: bool = False) -> Outcome:
    """What changed, or would. Raises `Refused`; then nothing did."""
    if problems := misled(document, prune=prune):
        raise Refused(problems)
    writing = Writing(document)
    with transaction.atomic():
        for step in (prune_users, *STEPS, prune_used) if prune else STEPS:
            step(writing)
            if writing.problems:
                raise Refused(writing.problems)
        if dry_run:
            transaction.set_rollback(True)
    return writing.outcome()

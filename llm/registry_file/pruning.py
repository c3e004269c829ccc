"""What `--prune` takes away: rows of the file's sections that the file does not name."""

from __future__ import annotations

from django.db.models import Model as Row
from django.db.models import ProtectedError

from llm.models import ApiKey, Model, Organisation, Provider, Tier
from llm.registry_file.place import Place
from llm.registry_file.writing import Writing


def prune_users(writing: Writing) -> None:
    """Before anything is written: what uses other rows, and names that a file may give to somebody else."""
    named_keys = {(row["organisation"], row["name"]) for _, row in writing.rows("keys")}
    if writing.document["keys"] is not None:
        for key in ApiKey.objects.select_related("organisation"):
            if (key.organisation.name, key.name) not in named_keys:
                _delete(writing, key, "key", f"{key.organisation.name}/{key.name}")
    _prune_named(writing, Tier, "tiers")
    _prune_named(writing, Model, "models")


def prune_used(writing: Writing) -> None:
    """Afterwards: what may have lost its last user by the writing."""
    _prune_named(writing, Provider, "providers")
    _prune_named(writing, Organisation, "organisations")


def _prune_named(writing: Writing, noun: type[Model | Provider | Organisation | Tier], section: str) -> None:
    if writing.document[section] is None:
        return
    for row in noun._default_manager.exclude(name__in=[row["name"] for _, row in writing.rows(section)]):
        _delete(writing, row, section.removesuffix("s"), row.name)


def _delete(writing: Writing, row: Row, noun: str, name: str) -> None:
    try:
        row.delete()
    except ProtectedError as error:
        users = ", ".join(sorted({str(user) for user in error.protected_objects})[:3])
        Place(f"{noun}s", writing.problems).refuse(f"no {name}", f"{name} to stay, for it is used by {users}")
    else:
        writing.note("delete", noun, name, [])

"""The organisation that a command is about."""

from __future__ import annotations

from difflib import get_close_matches

from django.core.management.base import CommandError

from llm.models import Organisation

DEMO = "demo"


def named_organisation(name: str | None) -> Organisation:
    """Without a name the only one, else the demo one. Raises CommandError, naming the nearest."""
    everyone = {organisation.name: organisation for organisation in Organisation.objects.all()}
    if name is None and len(everyone) == 1:
        return next(iter(everyone.values()))
    found = everyone.get(name or DEMO)
    if found is not None:
        return found
    if not everyone:
        raise CommandError("There is no organisation yet: run bootstrap or apply_registry first.")
    near = get_close_matches(name or "", everyone, n=3, cutoff=0.4) or sorted(everyone)[:3]
    problem = "Several organisations: name one with --organisation" if name is None else f"No organisation {name!r}"
    raise CommandError(f"{problem} ({', '.join(near)}).")

"""Whether every example passes: what publishing may ask for."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import OuterRef, Subquery

from llm.errors import InvalidField
from prompts.models import Example, Outcome, Prompt, Result


def outcomes(prompt: Prompt, version: int) -> list[tuple[str, str | None]]:
    """Each example's name with the outcome of its last run on this version; None where it has not been run since its
    last change."""
    last = Result.objects.filter(example=OuterRef("pk"), version=version, created_at__gte=OuterRef("changed_at"))
    outcome = Subquery(last.order_by("-id").values("outcome")[:1])
    return list(Example.objects.filter(prompt=prompt).annotate(last=outcome).values_list("name", "last"))


def not_green(prompt: Prompt, version: int) -> list[str]:
    """The names of the examples that this version does not pass."""
    return [name for name, outcome in outcomes(prompt, version) if outcome != Outcome.PASS]


def check_green(prompt: Prompt, versions: Iterable[int]) -> None:
    """Raises InvalidField naming what does not pass; a prompt without examples has nothing to show."""
    if not prompt.examples.exists():
        raise InvalidField(
            f"{prompt.name} is published only when its examples pass, and it has none.",
            param="version",
            code="not_green",
        )
    for version in versions:
        if red := not_green(prompt, version):
            named = ", ".join(red[:5]) + (f" and {len(red) - 5} more" if len(red) > 5 else "")
            raise InvalidField(
                f"Version {version} does not pass every example: {named}.",
                param="version",
                code="not_green",
                hint="Run the examples on it first.",
            )

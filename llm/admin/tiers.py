"""Tiers: names for what a model must meet to be chosen."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django import forms
from django.contrib import admin

from llm.admin.desk import Desk
from llm.admin.fields import ChoicesField
from llm.dialects.fields import Fields
from llm.dialects.gatehouse import (
    LARGEST_COST,
    LARGEST_WINDOW,
    LONGEST_LATENCY,
    read_requirements,
    render_requirements,
)
from llm.errors import InvalidField
from llm.models import CAPABILITIES, Tier
from llm.models.money import dollars
from llm.types import Requirements

PARTS = ("capabilities", "context_window", "max_cost", "min_quality", "max_latency_ms")


class TierForm(forms.ModelForm):  # type: ignore[type-arg]  # Django's forms take no arguments at run time
    capabilities = ChoicesField(CAPABILITIES, help_text="All of them must be offered.")
    context_window = forms.IntegerField(
        required=False, min_value=1, max_value=LARGEST_WINDOW, help_text="Tokens at least."
    )
    max_cost = forms.DecimalField(
        required=False,
        min_value=0,
        max_value=LARGEST_COST,
        label="Most cost",
        help_text="Dollars for the request, by estimate.",
    )
    min_quality = forms.IntegerField(
        required=False, min_value=1, max_value=10, label="Least quality", help_text="1 to 10."
    )
    max_latency_ms = forms.FloatField(
        required=False,
        min_value=1,
        max_value=LONGEST_LATENCY,
        label="Most latency",
        help_text="Milliseconds until its answers began of late.",
    )

    class Meta:
        model = Tier
        fields = ("name",)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, value in self.instance.requirements.items():
            self.initial.setdefault(name, value)

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        said = {name: cleaned[name] for name in PARTS if cleaned.get(name) not in (None, [], "")}
        if "max_cost" in said:
            said["max_cost"] = str(said["max_cost"])
        read = read_requirements(Fields(said, "requirements", strict=True))
        self.instance.requirements = render_requirements(read)
        return cleaned


@admin.register(Tier)
class TierDesk(Desk):
    form = TierForm
    list_display = ("name", "requirements_shown")
    search_fields = ("name",)
    fieldsets = ((None, {"fields": ("name",)}), ("A model must meet", {"fields": PARTS}))
    nothing_yet = "Callers choose models by name, or by requirements of their own with the model auto."

    @admin.display(description="requirements")
    def requirements_shown(self, tier: Tier) -> str:
        try:
            return "; ".join(in_words(tier.opened())) or "none: the cheapest model of all"
        except InvalidField as error:  # of a row that was not written here: the others are shown
            return error.message


def in_words(wanted: Requirements) -> Iterator[str]:
    if wanted.capabilities:
        yield ", ".join(sorted(wanted.capabilities))
    if wanted.context_window is not None:
        yield f"a window of {wanted.context_window:,} tokens"
    if wanted.max_cost is not None:
        yield f"at most {dollars(wanted.max_cost):f} USD"
    if wanted.min_quality is not None:
        yield f"quality {wanted.min_quality} or more"
    if wanted.max_latency_ms is not None:
        yield f"answers begin within {wanted.max_latency_ms:,.0f} ms"

"""Models with their routes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils import timezone

from llm import price_list
from llm.admin.desk import Choice, Days, Desk, NumberRange, Rows, Searched, YesOrNo, coloured
from llm.admin.fields import ChoicesField
from llm.admin.limits import LimitedDesk, limits_section
from llm.admin.prices import PriceRows, in_and_out, warn_of_doubtful
from llm.models import CAPABILITIES, Alias, Fallback, Model, Route


class ModelForm(forms.ModelForm):  # type: ignore[type-arg]  # Django's forms take no arguments at run time
    capabilities = ChoicesField(CAPABILITIES)

    class Meta:
        model = Model
        fields = "__all__"  # noqa: DJ007  # an operator edits all of it


class AliasRows(Rows):
    model = Alias


class FallbackRows(Rows):
    model = Fallback
    fk_name = "model"
    autocomplete_fields = ("target",)
    related = ("target", "model")


class RouteRows(Rows):
    model = Route
    fields = ("provider", "upstream_model", "order", "weight")
    autocomplete_fields = ("provider",)
    show_change_link = True
    related = ("provider", "model")


@admin.register(Model)
class ModelDesk(Desk):
    form = ModelForm
    list_display = ("name", "state", "window", "longest_answer", "quality", "successor")
    list_filter = (
        ("context_window", NumberRange),
        ("quality", NumberRange),
        ("retires_on", Days),
        ("strategy", Choice),
        ("caching", YesOrNo),
        ("routes__provider", Searched),
    )
    list_select_related = ("successor",)
    search_fields = ("name", "aliases__name")
    autocomplete_fields = ("successor",)
    inlines = (AliasRows, RouteRows, FallbackRows)
    nothing_yet = "Callers can ask for nothing yet: add a model with a route to a provider."

    @coloured({"for sale": "success", "retires": "warning", "retired": "danger"}, ordering="retires_on")
    def state(self, model: Model) -> tuple[str, str]:
        return retirement(model)

    @admin.display(description="context window", ordering="context_window")
    def window(self, model: Model) -> str:
        return in_tokens(model.context_window)

    @admin.display(description="longest answer", ordering="max_output_tokens")
    def longest_answer(self, model: Model) -> str:
        return in_tokens(model.max_output_tokens)

    def notices(self, obj: Model) -> Iterator[str]:
        yield from notices_of(obj)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        for route in form.instance.routes.select_related("provider"):
            price_list.renew(route)


@admin.register(Route)
class RouteDesk(LimitedDesk):
    list_display = ("model", "state", "provider", "upstream_model", "order", "weight", "price")
    list_display_links = ("upstream_model",)
    list_filter = (("model", Searched), ("provider", Searched), ("model__retires_on", Days))
    list_select_related = ("model__successor", "provider")
    list_prefetched = ("prices",)
    search_fields = ("model__name", "provider__name", "upstream_model")
    autocomplete_fields = ("model", "provider")
    fieldsets = ((None, {"fields": ("model", "provider", "upstream_model", "order", "weight")}), limits_section())
    inlines = (PriceRows,)
    nothing_yet = "No model leads anywhere yet: add the first one's way to a provider."

    @coloured({"for sale": "success", "retires": "warning", "retired": "danger"}, description="model is")
    def state(self, route: Route) -> tuple[str, str]:
        return retirement(route.model)

    @admin.display(description="price now, per million tokens")
    def price(self, route: Route) -> str:
        begun = [price for price in route.prices.all() if price.valid_from <= timezone.now()]
        return in_and_out(begun[-1]) if begun else "unknown"

    def notices(self, obj: Route) -> Iterator[str]:
        yield from notices_of(obj.model)
        yield from super().notices(obj)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        price_list.renew(form.instance)
        warn_of_doubtful(request, form.instance.prices.all())


def retirement(model: Model) -> tuple[str, str]:
    """A word for the label's colour, and what it says."""
    if model.retires_on is None:
        return "for sale", "for sale"
    word = "retired" if model.retires_on <= timezone.now().date() else "retires"
    return word, f"{word} {model.retires_on:%d %b %Y}"


def notices_of(model: Model) -> Iterator[str]:
    word, said = retirement(model)
    if word == "retired":
        follows = f" Callers should ask for {model.successor} now." if model.successor else " It has no successor."
        yield f"{model.name} {said}: its vendor may refuse it at any time.{follows}"


def in_tokens(number: int | None) -> str:
    return "not known" if number is None else f"{number:,} tokens"

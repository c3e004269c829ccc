"""Models with their routes, and routes with their prices."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.widgets import AdminSplitDateTime
from django.http import HttpRequest
from django.utils import timezone

from llm import price_list
from llm.admin.desk import Desk, Rows
from llm.admin.fields import ChoicesField
from llm.models import CAPABILITIES, RATES, Alias, Fallback, Model, Route, RoutePrice


class ModelForm(forms.ModelForm):  # type: ignore[type-arg]  # Django's forms take no arguments at run time
    capabilities = ChoicesField(CAPABILITIES)

    class Meta:
        model = Model
        fields = "__all__"  # noqa: DJ007  # an operator edits all of it


class PriceForm(forms.ModelForm):  # type: ignore[type-arg]  # as above
    valid_from = forms.SplitDateTimeField(widget=AdminSplitDateTime(), initial=timezone.now)

    class Meta:
        model = RoutePrice
        fields = ("valid_from", *RATES)

    def save(self, commit: bool = True) -> Any:
        """What was edited here is no longer the list's; rows left as they were are not saved."""
        self.instance.source, self.instance.note = RoutePrice.Source.OVERRIDE, ""
        return super().save(commit)


class AliasRows(Rows):
    model = Alias


class FallbackRows(Rows):
    model = Fallback
    fk_name = "model"
    autocomplete_fields = ("target",)
    related = ("target", "model")


class RouteRows(Rows):
    model = Route
    autocomplete_fields = ("provider",)
    show_change_link = True
    related = ("provider", "model")


class PriceRows(Rows):
    model = RoutePrice
    form = PriceForm
    readonly_fields = ("source", "note")
    verbose_name_plural = "prices, in dollars per million tokens"
    related = ("route__model", "route__provider")


@admin.register(Model)
class ModelDesk(Desk):
    form = ModelForm
    list_display = ("name", "context_window", "max_output_tokens", "quality", "retires_on", "successor")
    list_filter = ("caching",)
    list_select_related = ("successor",)
    search_fields = ("name", "aliases__name")
    autocomplete_fields = ("successor",)
    inlines = (AliasRows, RouteRows, FallbackRows)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        for route in form.instance.routes.select_related("provider"):
            price_list.renew(route)


@admin.register(Route)
class RouteDesk(Desk):
    list_display = ("model", "provider", "upstream_model", "order", "weight")
    list_display_links = ("upstream_model",)
    list_filter = ("provider",)
    list_select_related = ("model", "provider")
    search_fields = ("model__name", "provider__name", "upstream_model")
    autocomplete_fields = ("model", "provider")
    inlines = (PriceRows,)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        price_list.renew(form.instance)
        for price in form.instance.prices.all():
            for rate in price.doubtful():
                messages.warning(request, f"{rate} is over 1,000 dollars per million tokens; is the unit right?")

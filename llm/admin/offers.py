"""Models with their routes."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest

from llm import price_list
from llm.admin.desk import Desk, Rows
from llm.admin.fields import ChoicesField
from llm.admin.prices import PriceRows, warn_of_doubtful
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
    autocomplete_fields = ("provider",)
    show_change_link = True
    related = ("provider", "model")


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
        warn_of_doubtful(request, form.instance.prices.all())

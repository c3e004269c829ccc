"""Prices of a route, and what long prompts cost there."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.widgets import AdminSplitDateTime
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from llm import price_list
from llm.admin.desk import Choice, Days, Desk, Rows, Searched
from llm.models import RATES, LongPromptPrice, RoutePrice
from llm.models.money import dollars
from llm.models.prices import MILLION, Rated


class PriceForm(forms.ModelForm):  # type: ignore[type-arg]  # Django's forms take no arguments at run time
    valid_from = forms.SplitDateTimeField(widget=AdminSplitDateTime(), initial=timezone.now)

    class Meta:
        model = RoutePrice
        fields = ("valid_from", *RATES)

    def save(self, commit: bool = True) -> Any:
        if self.has_changed():
            self.instance.claim()
        return super().save(commit)


class PriceRowForm(PriceForm):
    """A price beside others, its long prompts out of sight."""

    def clean(self) -> Any:
        cleaned = super().clean()
        for longer in self.instance.long_prompts.all() if self.instance.pk else ():
            for name in (name for name, rate in longer.rates.items() if rate is not None):
                if name in self.cleaned_data and self.cleaned_data[name] is None:
                    self.add_error(name, f"Prompts over {longer.above:,} tokens have one; take that away first.")
        return cleaned


class PriceRows(Rows):
    model = RoutePrice
    form = PriceRowForm
    readonly_fields = ("longer", "source", "note")
    show_change_link = True
    verbose_name_plural = "prices, in dollars per million tokens"
    related = ("route__model", "route__provider")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).prefetch_related("long_prompts")

    @admin.display(description="long prompts")
    def longer(self, price: RoutePrice) -> str:
        """Their rates are on the price's own page."""
        lengths = [f"{row.above:,}" for row in price.long_prompts.all()] if price.pk else []
        return f"over {' and '.join(lengths)} tokens" if lengths else ""


class LongPromptRows(Rows):
    model = LongPromptPrice
    fields = ("above", *RATES)
    verbose_name_plural = (
        "long prompts: rates for all tokens of a request whose prompt has more tokens; left open, those above hold"
    )
    related = ("price__route__model", "price__route__provider")


@admin.register(RoutePrice)
class PriceDesk(Desk):
    """New prices are made on the page of their route."""

    form = PriceForm
    list_display = ("route", "valid_from", "rates", "source", "note")
    list_filter = (("route__model", Searched), ("route__provider", Searched), ("valid_from", Days), ("source", Choice))
    list_select_related = ("route__model", "route__provider")
    search_fields = ("route__model__name", "route__provider__name", "route__upstream_model")
    readonly_fields = ("route", "source", "note")
    inlines = (LongPromptRows,)
    actions = None
    nothing_yet = "No route has a price yet; a price is added on the page of its route."

    @admin.display(description="price per million tokens")
    def rates(self, price: RoutePrice) -> str:
        return in_and_out(price)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        price = form.instance
        if any(formset.has_changed() for formset in formsets):
            price.claim()
            price.save()
        price_list.renew(price.route)
        warn_of_doubtful(request, [price, *price.long_prompts.all()])

    def delete_model(self, request: HttpRequest, obj: RoutePrice) -> None:
        super().delete_model(request, obj)
        price_list.renew(obj.route)


def in_and_out(price: RoutePrice) -> str:
    return f"{in_dollars(price.input)} in, {in_dollars(price.output)} out"


def in_dollars(rate: int | None) -> str:
    """Of a million tokens; a dash where nobody knows: that is not free."""
    return "-" if rate is None else f"{dollars(rate, per=MILLION)} USD"


def warn_of_doubtful(request: HttpRequest, prices: Iterable[Rated]) -> None:
    for rate in (rate for price in prices for rate in price.doubtful()):
        messages.warning(request, f"{rate} is over 1,000 dollars per million tokens; is the unit right?")

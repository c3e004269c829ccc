"""Providers, whose secret goes in and never comes out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import path
from django.utils.decorators import method_decorator
from django.utils.timesince import timesince
from django.views.decorators.http import require_POST

from llm.admin import limits
from llm.admin.bars import Bar, of_provider
from llm.admin.desk import Choice, Days
from llm.admin.probes import examine
from llm.models import Kind, Provider
from llm.wiring import circuits

OUTSIDE = f"kind != '{Kind.ECHO}'"
"""In the browser's words: what is shown for every kind but the built-in one."""


class ProviderForm(forms.ModelForm):  # type: ignore[type-arg]  # Django's forms take no arguments at run time
    new_secret = forms.CharField(
        required=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password", "size": 60}),
        help_text="Written, never shown. Empty keeps the one there is; another host in the address forgets it.",
    )
    forget_secret = forms.BooleanField(required=False)

    class Meta:
        model = Provider
        fields = "__all__"  # noqa: DJ007  # what is sealed is not editable, and so never in a form
        labels = {
            "base_url": "Address",
            "organization": "Account at the vendor",
            "connect_timeout": "Time-out for connecting",
            "first_token_timeout": "Time-out for the first token",
            "chunk_timeout": "Time-out between chunks",
        }


@admin.register(Provider)
class ProviderDesk(limits.LimitedDesk):
    form = ProviderForm
    list_display = ("name", "kind", "address", "default_model", "secret", "limits")
    list_filter = (("kind", Choice), ("secret_set_at", Days))
    list_select_related = ("default_model",)
    search_fields = ("name", "base_url")
    autocomplete_fields = ("default_model",)
    readonly_fields = ("secret",)
    conditional_fields = {
        "base_url": OUTSIDE,
        "organization": f"['{Kind.OPENAI}', '{Kind.COMPATIBLE}'].includes(kind)",
        "secret": OUTSIDE,
        "new_secret": OUTSIDE,
        "forget_secret": OUTSIDE,
        "connect_timeout": OUTSIDE,
    }
    fieldsets = (
        (
            None,
            {
                "fields": (
                    *("name", "kind", "base_url", "secret", "new_secret", "forget_secret"),
                    *("organization", "default_model", "defaults"),
                )
            },
        ),
        (
            "Time and retries",
            {
                "fields": (
                    "timeout",
                    "connect_timeout",
                    "first_token_timeout",
                    "chunk_timeout",
                    "retries",
                    "retry_delay",
                )
            },
        ),
        limits.limits_section("interactive_share"),
        ("Features", {"fields": ("streaming", "tools", "images", "caching")}),
    )
    nothing_yet = "No vendor is connected: add one with its key, then give a model a route to it."

    def notices(self, obj: Provider) -> Iterator[str]:
        yield from super().notices(obj)
        for standing in circuits().shut():
            if standing.route.provider == obj.name:
                state = standing.state.replace("_", "-")
                yield f"The circuit of {standing.route.upstream_model} is {state}: {standing.why}. System resets it."

    def bars(self, obj: Provider) -> list[Bar]:
        return of_provider(obj)

    @admin.display(description="address", ordering="base_url")
    def address(self, provider: Provider) -> str:
        return provider.base_url or ("built in" if provider.kind == Kind.ECHO else "the vendor's own")

    @admin.display
    def secret(self, provider: Provider) -> str:
        if not provider.has_secret or provider.secret_set_at is None:
            return "none"
        ending = f"ends in {provider.secret_last_four}, " if provider.secret_last_four else ""
        return f"{ending}set {timesince(provider.secret_set_at)} ago"

    @admin.display(description="limits")
    def limits(self, provider: Provider) -> str:
        return limits.in_words(provider)

    def get_urls(self) -> list[Any]:
        test = self.admin_site.admin_view(self.test)
        return [path("<path:object_id>/test/", test, name="llm_provider_test"), *super().get_urls()]

    @method_decorator(require_POST)
    def test(self, request: HttpRequest, object_id: str) -> HttpResponse:
        provider = self.get_object(request, object_id)
        if provider is None:
            raise Http404
        if not self.has_change_permission(request, provider):
            raise PermissionDenied
        found = examine(provider)
        messages.add_message(request, messages.SUCCESS if found.passed else messages.ERROR, found.text)
        return redirect("admin:llm_provider_change", provider.pk)

    def save_model(self, request: HttpRequest, obj: Provider, form: Any, change: bool) -> None:
        given = form.cleaned_data.get("new_secret")
        if given or form.cleaned_data.get("forget_secret"):
            obj.set_secret(given or "")
        had = bool(obj.sealed_secret)
        super().save_model(request, obj, form, change)
        if had and not obj.has_secret:
            messages.warning(request, "The secret was for another host and is forgotten; enter it again.")

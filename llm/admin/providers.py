"""Providers, whose secret goes in and never comes out."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest
from django.utils.timesince import timesince

from llm.admin.desk import Desk
from llm.models import Provider


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


@admin.register(Provider)
class ProviderDesk(Desk):
    form = ProviderForm
    list_display = ("name", "kind", "base_url", "default_model", "secret")
    list_filter = ("kind",)
    list_select_related = ("default_model",)
    search_fields = ("name",)
    autocomplete_fields = ("default_model",)
    readonly_fields = ("secret",)
    fieldsets = (
        (None, {"fields": ("name", "kind", "base_url", "organization", "default_model", "defaults")}),
        ("Secret", {"fields": ("secret", "new_secret", "forget_secret")}),
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
        ("Limits", {"fields": ("requests_per_minute", "tokens_per_minute", "max_concurrency")}),
        ("Features", {"fields": ("streaming", "tools", "images", "caching")}),
    )

    @admin.display
    def secret(self, provider: Provider) -> str:
        if not provider.has_secret or provider.secret_set_at is None:
            return "none"
        ending = f"ends in {provider.secret_last_four}, " if provider.secret_last_four else ""
        return f"{ending}set {timesince(provider.secret_set_at)} ago"

    def save_model(self, request: HttpRequest, obj: Provider, form: Any, change: bool) -> None:
        given = form.cleaned_data.get("new_secret")
        if given or form.cleaned_data.get("forget_secret"):
            obj.set_secret(given or "")
        had = bool(obj.sealed_secret)
        super().save_model(request, obj, form, change)
        if had and not obj.has_secret:
            messages.warning(request, "The secret was for another host and is forgotten; enter it again.")

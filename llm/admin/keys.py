"""Gateway keys: made here, shown once, never again in any form."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from llm import vault
from llm.admin.desk import Desk
from llm.admin.fields import ChoicesField, LinesField
from llm.models import DEFAULT_SCOPES, SCOPES, ApiKey


class KeyForm(forms.ModelForm):  # type: ignore[type-arg]  # Django's forms take no arguments at run time
    scopes = ChoicesField(SCOPES, initial=list(DEFAULT_SCOPES))
    models = LinesField(initial=["*"], help_text="One name or pattern on each line; * is all.")
    origins = LinesField(required=False, help_text="One on each line, such as https://app.example.")

    class Meta:
        model = ApiKey
        fields = "__all__"  # noqa: DJ007  # the digest is not editable, and so never in a form


@admin.register(ApiKey)
class KeyDesk(Desk):
    form = KeyForm
    list_display = ("name", "organisation", "team", "ending", "disabled", "expires_at", "created_at")
    list_filter = ("disabled", "organisation")
    list_select_related = ("organisation", "team")
    search_fields = ("name", "organisation__name")
    autocomplete_fields = ("organisation", "team")
    readonly_fields = ("ending", "created_at")

    @admin.display(description="ends in")
    def ending(self, key: ApiKey) -> str:
        if key.digest is None:
            return "no secret yet"
        return f"…{key.last_four}" if key.last_four else "set"

    def save_model(self, request: HttpRequest, obj: ApiKey, form: Any, change: bool) -> None:
        if not change:
            obj.issued_secret = vault.new_key()  # type: ignore[attr-defined]  # lives as long as this request
            obj.set_secret(obj.issued_secret)  # type: ignore[attr-defined]  # as above
        super().save_model(request, obj, form, change)

    def response_add(self, request: HttpRequest, obj: ApiKey, post_url_continue: str | None = None) -> HttpResponse:
        """A page and not a message, which would travel in a cookie."""
        context = {
            **self.admin_site.each_context(request),
            "title": "Keep this key now",
            "opts": self.opts,
            "key": obj,
            "secret": obj.issued_secret,  # type: ignore[attr-defined]  # as above
        }
        return TemplateResponse(request, "admin/llm/apikey/issued.html", context)

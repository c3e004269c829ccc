"""Gateway keys: made and rotated here, shown once, never again in any form."""

from __future__ import annotations

from datetime import timedelta
from difflib import get_close_matches
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import path
from django.utils import timezone
from django.views.decorators.cache import never_cache

from llm import vault
from llm.admin import limits
from llm.admin.bars import Bar, of_key
from llm.admin.budgets import KeyBudgetRows
from llm.admin.bulk import confirmed
from llm.admin.changes import difference
from llm.admin.desk import Days, NumberRange, Searched, YesOrNo, coloured, dressed
from llm.admin.fields import ChoicesField, LinesField
from llm.admin.snippets import snippets
from llm.models import DEFAULT_SCOPES, SCOPES, Alias, ApiKey, Model
from llm.models.bounds import is_pattern

Section = tuple[str | None, dict[str, Any]]
OVERLAPS = {"0": "Not at all", "1": "1 hour", "24": "24 hours", "168": "7 days"}
"""Hours that a former secret may go on working."""

OWNER: Section = (None, {"fields": ("name", "organisation", "team")})
RIGHTS_AND_LIMITS: tuple[Section, ...] = (
    ("Rights", {"fields": ("scopes", "models", "origins")}),
    limits.limits_section("reserve_max_tokens"),
)


class KeyForm(forms.ModelForm):  # type: ignore[type-arg]  # Django's forms take no arguments at run time
    scopes = ChoicesField(SCOPES, initial=list(DEFAULT_SCOPES))
    models = LinesField(initial=["*"], help_text="One name or pattern on each line; * is all.")
    origins = LinesField(required=False, help_text="One on each line, such as https://app.example.")

    class Meta:
        model = ApiKey
        fields = "__all__"  # noqa: DJ007  # the digest is not editable, and so never in a form
        labels = {"reserve_max_tokens": "Output tokens reserved"}

    def clean_models(self) -> list[str]:
        """Names that are new here must be a model's own; one may have gone since others were written."""
        patterns: list[str] = self.cleaned_data["models"]
        before = () if self.instance.pk is None else self.instance.models
        written = [name for name in patterns if name not in before and not is_pattern(name)]
        known = set(Model.objects.values_list("name", flat=True)) if written else set()
        if problems := [_no_model(name, known) for name in written if name not in known]:
            raise forms.ValidationError(problems)
        return patterns


class RotationForm(forms.Form):
    overlap = forms.ChoiceField(
        choices=list(OVERLAPS.items()),
        initial="24",
        widget=forms.RadioSelect,
        label="How long does the present secret go on working?",
    )


def _no_model(name: str, known: set[str]) -> str:
    alias = Alias.objects.filter(name=name).select_related("model").first()
    if alias is not None:
        return f"{name} is an alias: write {alias.model}, which it stands for."
    near = get_close_matches(name[:200], known, n=3)
    return f"There is no model {name[:200]!r}." + (f" Did you mean {' or '.join(near)}?" if near else "")


@admin.register(ApiKey)
class KeyDesk(limits.LimitedDesk):
    form = KeyForm
    list_display = ("name", "organisation", "team", "state", "ending", "limits", "expires_at", "created_at")
    list_filter = (
        ("organisation", Searched),
        ("disabled", YesOrNo),
        ("expires_at", Days),
        ("created_at", Days),
        ("requests_per_minute", NumberRange),
    )
    list_select_related = ("organisation", "team")
    search_fields = ("name", "organisation__name")
    autocomplete_fields = ("organisation", "team")
    readonly_fields = ("ending", "former", "created_at")
    actions = ("disable", "enable")
    fieldsets = (
        OWNER,
        ("Secret", {"fields": ("ending", "former", "expires_at", "disabled", "created_at")}),
        *RIGHTS_AND_LIMITS,
    )
    add_fieldsets = (OWNER, ("Secret", {"fields": ("expires_at",)}), *RIGHTS_AND_LIMITS)
    inlines = (KeyBudgetRows,)
    nothing_yet = "No application can ask yet: make one key for each."

    def bars(self, obj: ApiKey) -> list[Bar]:
        return of_key(obj)

    def get_inlines(self, request: HttpRequest, obj: ApiKey | None) -> Any:
        return self.inlines if obj is not None else ()

    @coloured({"in use": "success", "disabled": "danger", "expired": "warning", "no secret": "warning"})
    def state(self, key: ApiKey) -> str:
        if key.disabled:
            return "disabled"
        if key.expires_at is not None and key.expires_at <= timezone.now():
            return "expired"
        return "in use" if key.digest else "no secret"

    @admin.display(description="ends in")
    def ending(self, key: ApiKey) -> str:
        if key.digest is None:
            return "no secret yet"
        return f"…{key.last_four}" if key.last_four else "set"

    @admin.display(description="former secret")
    def former(self, key: ApiKey) -> str:
        until = key.overlaps_until
        return f"works until {timezone.localtime(until):%d %B %Y %H:%M:%S %Z}" if until else "none works"

    @admin.display(description="limits")
    def limits(self, key: ApiKey) -> str:
        return limits.in_words(key)

    @confirmed("Disable", effect="Requests with them get a 401 from now on, and so do their former secrets.")
    def disable(self, key: ApiKey, request: HttpRequest) -> str:
        return _switch(key, disabled=True)

    @confirmed("Enable", effect="Requests with them are answered again, unless they have expired.")
    def enable(self, key: ApiKey, request: HttpRequest) -> str:
        return _switch(key, disabled=False)

    def get_urls(self) -> list[Any]:
        rotation = self.admin_site.admin_view(never_cache(self.rotation))
        return [path("<path:object_id>/rotate/", rotation, name="llm_apikey_rotate"), *super().get_urls()]

    def save_model(self, request: HttpRequest, obj: ApiKey, form: Any, change: bool) -> None:
        if not change:
            obj.issued_secret = vault.new_key()  # type: ignore[attr-defined]  # lives as long as this request
            obj.set_secret(obj.issued_secret)  # type: ignore[attr-defined]  # as above
        super().save_model(request, obj, form, change)

    def response_add(self, request: HttpRequest, obj: ApiKey, post_url_continue: str | None = None) -> HttpResponse:
        return self._shown_once(request, obj, obj.issued_secret)  # type: ignore[attr-defined]  # as above

    def rotation(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Asks for the overlap, then makes a new secret and shows it."""
        key = self.get_object(request, object_id)
        if key is None:
            raise Http404
        if not self.has_change_permission(request, key):
            raise PermissionDenied
        form = dressed(RotationForm(request.POST or None))
        if request.method == "POST" and form.is_valid():
            return self._shown_once(request, key, self._rotated(request, key, form.cleaned_data["overlap"]))
        context = {**self._page(request, key), "title": f"Rotate {key.name}", "form": form, "former": self.former(key)}
        return TemplateResponse(request, "admin/llm/apikey/rotate.html", context)

    def _rotated(self, request: HttpRequest, key: ApiKey, hours: str) -> str:
        secret = key.rotate(timedelta(hours=int(hours)))
        key.save()
        ends = OVERLAPS[hours].lower() if key.former_digest else "not at all"
        self.log_change(request, key, [{"changed": {"fields": [f"secret rotated, the former one works on: {ends}"]}}])
        return secret

    def _shown_once(self, request: HttpRequest, key: ApiKey, secret: str) -> HttpResponse:
        """A page and not a message, which would travel in a cookie."""
        context = {
            **self._page(request, key),
            "title": "Keep this key now",
            "secret": secret,
            "former": self.former(key) if key.overlaps_until else "",
            "snippets": snippets(request, key, secret),
        }
        return TemplateResponse(request, "admin/llm/apikey/issued.html", context)

    def _page(self, request: HttpRequest, key: ApiKey) -> dict[str, Any]:
        return {**self.admin_site.each_context(request), "opts": self.opts, "key": key, "original": key}


def _switch(key: ApiKey, *, disabled: bool) -> str:
    said = difference("Disabled", key.disabled, disabled)
    key.disabled = disabled
    key.save()
    return said

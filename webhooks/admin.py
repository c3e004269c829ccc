"""Webhooks and what became of their messages. A secret is shown once, when it is made."""

from __future__ import annotations

import json
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.timesince import timeuntil
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from llm.admin.bulk import confirmed
from llm.admin.desk import Choice, Days, Desk, Searched, YesOrNo, coloured
from llm.admin.fields import ChoicesField
from webhooks import outbox
from webhooks.events import EVENTS
from webhooks.models import Delivery, State, Webhook

COLOURS = {State.DELIVERED.label: "success", State.WAITING.label: "info", State.FAILED.label: "danger"}


class WebhookForm(forms.ModelForm):  # type: ignore[type-arg]  # Django's forms take no arguments at run time
    events = ChoicesField(EVENTS, said=EVENTS, required=True, initial=list(EVENTS))

    class Meta:
        model = Webhook
        fields = ("url", "organisation", "events", "disabled")


@admin.register(Webhook)
class WebhookDesk(Desk):
    form = WebhookForm
    list_display = ("url", "whose", "events_wanted", "state", "created_at")
    list_filter = (("organisation", Searched), ("disabled", YesOrNo), ("created_at", Days))
    list_select_related = ("organisation",)
    search_fields = ("url", "organisation__name")
    autocomplete_fields = ("organisation",)
    nothing_yet = "Nobody is told when a budget runs out or a provider fails: add the address of who should be."

    @admin.display(description="organisation", ordering="organisation__name")
    def whose(self, webhook: Webhook) -> str:
        return webhook.organisation.name if webhook.organisation else "all"

    @admin.display(description="events")
    def events_wanted(self, webhook: Webhook) -> str:
        return ", ".join(webhook.events)

    @coloured({"in use": "success", "disabled": "danger"})
    def state(self, webhook: Webhook) -> str:
        return "disabled" if webhook.disabled else "in use"

    def notices(self, obj: Webhook) -> list[str]:
        return [f"It was disabled by itself. {obj.disabled_because}"] if obj.disabled_because else []

    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view
        return [
            path("<path:object_id>/test/", view(self.test), name="webhooks_webhook_test"),
            path("<path:object_id>/secret/", view(never_cache(self.secret)), name="webhooks_webhook_secret"),
            *super().get_urls(),
        ]

    def save_model(self, request: HttpRequest, obj: Webhook, form: Any, change: bool) -> None:
        if not change:
            obj.issued_secret = obj.renew_secret()  # type: ignore[attr-defined]  # lives as long as this request
        super().save_model(request, obj, form, change)

    def response_add(self, request: HttpRequest, obj: Webhook, post_url_continue: str | None = None) -> HttpResponse:
        return self._shown_once(request, obj, obj.issued_secret)  # type: ignore[attr-defined]  # as above

    @method_decorator(require_POST)
    def test(self, request: HttpRequest, object_id: str) -> HttpResponse:
        webhook = self._mine(request, object_id)
        outbox.try_out(webhook)
        messages.success(request, "A test event is on its way; its delivery tells what comes of it.")
        return redirect("admin:webhooks_delivery_changelist")

    @method_decorator(require_POST)
    def secret(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """A new one, shown this once."""
        webhook = self._mine(request, object_id)
        secret = webhook.renew_secret()
        webhook.save()
        self.log_change(request, webhook, [{"changed": {"fields": ["secret rotated"]}}])
        return self._shown_once(request, webhook, secret)

    def _mine(self, request: HttpRequest, object_id: str) -> Webhook:
        webhook: Webhook | None = self.get_object(request, object_id)
        if webhook is None:
            raise Http404
        if not self.has_change_permission(request, webhook):
            raise PermissionDenied
        return webhook

    def _shown_once(self, request: HttpRequest, webhook: Webhook, secret: str) -> HttpResponse:
        """A page and not a message, which would travel in a cookie."""
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "original": webhook,
            "title": "Keep this secret now",
            "secret": secret,
        }
        return TemplateResponse(request, "admin/webhooks/webhook/issued.html", context)


@admin.register(Delivery)
class DeliveryDesk(Desk):
    """To read, to send again, and to delete, which is to send no more."""

    list_display = ("created_at", "event", "receiver", "outcome", "attempts", "next_try", "last_error")
    list_filter = (("state", Choice), ("webhook", Searched), ("organisation", Searched), ("created_at", Days))
    list_select_related = ("webhook",)
    search_fields = ("message", "event", "address")
    actions = ("send_again",)
    fields = (
        *("event", "receiver", "outcome", "attempts", "next_try", "last_error"),
        *("message", "created_at", "ended_at", "said"),
    )
    readonly_fields = fields
    nothing_yet = "Nothing was told to anybody yet."

    @admin.display(description="to")
    def receiver(self, delivery: Delivery) -> str:
        return delivery.receiver

    @coloured(COLOURS, description="state", ordering="state")
    def outcome(self, delivery: Delivery) -> str:
        return str(delivery.get_state_display())

    @admin.display(description="next try")
    def next_try(self, delivery: Delivery) -> str:
        if delivery.state != State.WAITING:
            return "none"
        return f"in {timeuntil(delivery.due_at)}" if delivery.due_at > timezone.now() else "now"

    @admin.display(description="body")
    def said(self, delivery: Delivery) -> str:
        return json.dumps(json.loads(delivery.body), indent=2, ensure_ascii=False)

    @confirmed("Send again", effect="Each is tried at once, under its former id.", permission="send")
    def send_again(self, delivery: Delivery, request: HttpRequest) -> str:
        outbox.send_again(delivery)
        return "sent again"

    def has_send_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("webhooks.change_delivery")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

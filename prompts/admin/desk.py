"""The list of prompts, and what one says of itself; what it says to models is edited on pages of our own."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.auth.models import User
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html

from analytics.models import RequestLog
from llm.admin.bulk import confirmed
from llm.admin.desk import Choice, Desk, Named, YesOrNo, coloured
from llm.admin.fields import LinesField
from llm.errors import CallerError
from prompts.choosing import in_words
from prompts.models import Prompt
from prompts.writing import editing
from prompts.writing.authors import Author
from prompts.writing.bundle import bundled, hold_all

UNUSED_DAYS = 30
SHOWN = ("production", "staging")
"""Labels that the list tells of."""

LINK = '<a class="font-semibold text-primary-600 dark:text-primary-500" href="{}">{}</a>'


class PromptForm(forms.ModelForm):  # type: ignore[type-arg]  # Django's forms take no arguments at run time
    tags = LinesField(required=False, help_text="One on each line.")

    class Meta:
        model = Prompt
        fields = ("name", "organisation", "description", "category", "tags", "owner")
        help_texts = {
            "owner": "Who looks after it; left open, whoever makes it.",
            "name": "What code asks for; letters, digits, dots, dashes and underscores.",
        }

    author: Author
    """Who fills it in."""

    def clean_tags(self) -> list[str]:
        tags: list[str] = self.cleaned_data["tags"]
        try:
            return editing.clean_tags(tags)
        except CallerError as error:
            raise forms.ValidationError(error.message) from None

    def clean_description(self) -> str:
        try:
            return editing.plain(self.cleaned_data["description"], "description", editing.LONGEST_DESCRIPTION)
        except CallerError as error:
            raise forms.ValidationError(error.message) from None

    def clean(self) -> dict[str, Any]:
        said: dict[str, Any] = super().clean() or self.cleaned_data
        prompt = self.instance if self.instance.pk else Prompt(organisation=said.get("organisation"))
        try:
            editing.check_may_name(prompt, said.get("name", prompt.name), self.author)
        except CallerError as error:
            self.add_error("name", error.message)
        return said

    def details(self) -> editing.Details:
        said = self.cleaned_data
        return editing.Details(said["name"], said["description"], said["category"], said["tags"])


class Unused(admin.SimpleListFilter):
    title = "use"
    parameter_name = "use"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("none", f"Not asked for in {UNUSED_DAYS} days"), ("some", f"Asked for in {UNUSED_DAYS} days")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Prompt]) -> QuerySet[Prompt]:
        if self.value() is None:
            return queryset
        since = timezone.now() - timedelta(days=UNUSED_DAYS)
        used = Exists(RequestLog.objects.filter(prompt=OuterRef("name"), created_at__gte=since))
        return queryset.filter(used) if self.value() == "some" else queryset.filter(~used)


@admin.register(Prompt)
class PromptDesk(Desk):
    form = PromptForm
    list_display = ("page", "whose", "category", "tagged", "newest_version", "published", "state", "updated_at")
    list_display_links = None
    list_filter = (
        ("category", Choice),
        ("organisation", Named),
        ("owner", Named),
        ("archived", YesOrNo),
        Unused,
    )
    list_select_related = ("organisation", "owner")
    list_prefetched = ("labels",)
    search_fields = ("name",)
    search_help_text = "Words of name, description, tags, owner or the newest version."
    actions = ("archive", "bring_back")
    ordering = ("name",)
    nothing_yet = "No prompt yet: write one, and code asks for it by its name."

    @admin.display(description="name", ordering="name")
    def page(self, prompt: Prompt) -> str:
        return format_html(LINK, reverse("prompt", args=[prompt.pk]), prompt.name)

    @admin.display(description="of", ordering="organisation__name")
    def whose(self, prompt: Prompt) -> str:
        return prompt.organisation.name if prompt.organisation else "all organisations"

    @admin.display(description="tags")
    def tagged(self, prompt: Prompt) -> str:
        return ", ".join(prompt.tags)

    @admin.display(description="newest", ordering="newest")
    def newest_version(self, prompt: Prompt) -> str:
        return str(prompt.newest) if prompt.newest else "none yet"

    @admin.display(description="published")
    def published(self, prompt: Prompt) -> str:
        found = {label.name: label for label in prompt.labels.all()}
        said = [f"{name}: {in_words(found[name].split)}" for name in SHOWN if name in found]
        return "; ".join(said) or "not yet"

    @coloured({"active": "success", "archived": "warning"}, description="state", ordering="archived")
    def state(self, prompt: Prompt) -> str:
        return "archived" if prompt.archived else "active"

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Prompt], search_term: str
    ) -> tuple[QuerySet[Prompt], bool]:
        if "\x00" in search_term:
            return queryset.none(), False
        found: Any = queryset
        return (found.searched(search_term) if search_term else queryset), False

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Lists to choose from: searching them takes rights that editors of prompts have not."""
        if db_field.name == "owner":
            kwargs["queryset"] = User.objects.filter(is_staff=True, is_active=True).order_by("username")
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """What was right when the form was judged may be so no longer when it is saved."""
        try:
            answer: HttpResponse = super().changeform_view(request, *args, **kwargs)
        except CallerError as error:
            messages.error(request, f"Nothing was saved. {error.message}")
            return redirect(request.path)
        return answer

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, change, **kwargs)
        form.author = Author.of_user(request.user)
        return form

    def get_readonly_fields(self, request: HttpRequest, obj: Prompt | None = None) -> tuple[str, ...]:
        """Whose it is, is said once."""
        return ("organisation",) if obj is not None else ()

    def has_delete_permission(self, request: HttpRequest, obj: Prompt | None = None) -> bool:
        """Archived ones keep their history."""
        return False

    def save_model(self, request: HttpRequest, obj: Prompt, form: Any, change: bool) -> None:
        author, said = Author.of_user(request.user), form.cleaned_data
        if not change:
            obj.pk = editing.create(form.details(), author, said["organisation"]).pk
        else:
            editing.describe(obj, form.details(), author)
        if change or said["owner"] is not None:
            editing.entrust(obj, said["owner"])
        obj.refresh_from_db()

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **more: Any
    ) -> HttpResponse:
        """Saving leads to the prompt's own page, so that there is one way to save."""
        context |= {"show_save_and_add_another": False, "show_save_and_continue": False}
        return super().render_change_form(request, context, *args, **more)

    def response_add(self, request: HttpRequest, obj: Prompt, post_url_continue: str | None = None) -> HttpResponse:
        return redirect("prompt", pk=obj.pk)

    def response_change(self, request: HttpRequest, obj: Prompt) -> HttpResponse:
        return redirect("prompt", pk=obj.pk)

    def response_action(self, request: HttpRequest, queryset: QuerySet[Prompt]) -> HttpResponse | None:
        ticked = [pk for pk in request.POST.getlist(ACTION_CHECKBOX_NAME) if pk.isdecimal() and len(pk) < 19]
        with bundled():
            hold_all(Prompt.objects.filter(pk__in=ticked))
            answer: HttpResponse | None = super().response_action(request, queryset)
        return answer

    @confirmed("Archive", effect="Calls that ask for them get a 404 from now on; nothing is lost.")
    def archive(self, prompt: Prompt, request: HttpRequest) -> str:
        editing.archive(prompt, Author.of_user(request.user))
        return "archived"

    @confirmed("Bring back", effect="Calls that ask for them are answered again.")
    def bring_back(self, prompt: Prompt, request: HttpRequest) -> str:
        editing.archive(prompt, Author.of_user(request.user), archived=False)
        return "brought back"

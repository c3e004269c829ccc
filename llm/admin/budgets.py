"""Budgets: on a page of their own, and on those of the keys, teams and organisations whose spending they bound."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import HttpRequest
from django.utils import timezone

from llm.admin.bars import Bar, of_budgets
from llm.admin.desk import Choice, PaginationInlineFormSet, Rows, Searched, YesOrNo
from llm.admin.fields import SharesField
from llm.admin.limits import LimitedDesk
from llm.models import Budget, BudgetWindow, Scope
from llm.models.budgets import CONTRADICTED
from llm.models.money import dollars

SAID_BY_MATCH = (Scope.USER, Scope.TAG)
OF_ORGANISATIONS = (Scope.ORGANISATION, *SAID_BY_MATCH)


class BudgetForm(forms.ModelForm):  # type: ignore[type-arg]  # Django's forms take no arguments at run time
    alert_at = SharesField(
        required=False,
        initial=[80],
        label="Alert at",
        help_text=(
            "Percent of the amount at which managers and operators get a mail, and webhooks hear of it. "
            "That it is used up they hear in any case."
        ),
    )

    class Meta:
        model = Budget
        fields = ("scope", "organisation", "key", "team", "match", "amount", "period", "hard", "alert_at")
        labels = {"amount": "Amount, in USD", "match": "User or tag"}
        help_texts = {
            "amount": "Of calls that begin in one period.",
            "match": "A user's id, or a tag as name=value; with * as value each one has a budget of its own.",
            "hard": "Whether calls beyond it are refused; otherwise it only warns.",
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "organisation" in self.fields:
            self.fields["organisation"].required = False  # that of a key or team is known

    def clean(self) -> dict[str, Any]:
        """What a form does not show for its scope counts for nothing."""
        cleaned = super().clean() or self.cleaned_data
        scope = cleaned.get("scope", self.instance.scope)
        for field, scopes in (("key", (Scope.KEY,)), ("team", (Scope.TEAM,)), ("organisation", OF_ORGANISATIONS)):
            if field in self.fields and scope not in scopes:
                cleaned[field] = None
        if "match" in self.fields and scope not in SAID_BY_MATCH:
            cleaned["match"] = ""
        return cleaned


class BudgetFormSet(PaginationInlineFormSet):  # type: ignore[misc]  # unfold carries no types
    def clean(self) -> None:
        """Those that are made together do not know of one another."""
        super().clean()
        kinds: set[tuple[str, str, str]] = set()
        for form in self.extra_forms:
            if not form.has_changed() or form.errors or form in self.deleted_forms or not form.instance.hard:
                continue
            kind = form.instance.scope, form.instance.match, form.instance.period
            if kind in kinds:
                form.add_error("amount", CONTRADICTED)
            kinds.add(kind)


class BudgetRows(Rows):
    """Of one scope, which the page they stand on decides; their organisation is that of their owner."""

    model = Budget
    form = BudgetForm
    formset = BudgetFormSet
    fields: tuple[str, ...] = ("amount", "period", "hard", "alert_at")
    show_change_link = True
    per_page = 20
    related = ("organisation", "key", "team")


class KeyBudgetRows(BudgetRows):
    class form(BudgetForm):  # noqa: N801  # where Django looks for it
        def clean(self) -> dict[str, Any]:
            self.instance.scope = Scope.KEY
            return super().clean()


class TeamBudgetRows(BudgetRows):
    class form(BudgetForm):  # noqa: N801  # as above
        def clean(self) -> dict[str, Any]:
            self.instance.scope = Scope.TEAM
            return super().clean()


class OrganisationBudgetRows(BudgetRows):
    fields = ("scope", "match", *BudgetRows.fields)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Those of keys and teams stand on their own pages."""
        return super().get_queryset(request).filter(scope__in=OF_ORGANISATIONS)

    def formfield_for_choice_field(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "scope":
            kwargs["choices"] = [(scope.value, scope.label) for scope in OF_ORGANISATIONS]
        return super().formfield_for_choice_field(db_field, request, **kwargs)


@admin.register(Budget)
class BudgetDesk(LimitedDesk):
    form = BudgetForm
    list_display = ("whose", "organisation", "sum", "period", "used", "beyond")
    list_filter = (("scope", Choice), ("period", Choice), ("hard", YesOrNo), ("organisation", Searched))
    list_select_related = ("organisation", "key", "team")
    search_fields = ("organisation__name", "key__name", "team__name", "match")
    autocomplete_fields = ("organisation", "key", "team")
    conditional_fields = {
        "organisation": f"{[scope.value for scope in OF_ORGANISATIONS]}.includes(scope)",
        "key": f"scope == '{Scope.KEY}'",
        "team": f"scope == '{Scope.TEAM}'",
        "match": f"{[scope.value for scope in SAID_BY_MATCH]}.includes(scope)",
    }
    nothing_yet = "Everybody may spend what they like: a budget says how much, of whom, and until when."

    @admin.display(description="of", ordering="scope")
    def whose(self, budget: Budget) -> str:
        return budget.whose()

    @admin.display(description="amount", ordering="amount")
    def sum(self, budget: Budget) -> str:
        return f"{dollars(budget.amount):,f} USD"

    @admin.display(description="spent now", ordering="spent")
    def used(self, budget: Budget) -> str:
        """Of one that gives each user or tag its own: the most that any of them has spent."""
        spent: int = budget.spent or 0  # type: ignore[attr-defined]  # of the list's own query
        return f"{100 * spent / budget.amount:,.0f} %"

    @admin.display(description="beyond it", ordering="hard")
    def beyond(self, budget: Budget) -> str:
        return "refuses" if budget.hard else "warns"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Budget]:
        most = BudgetWindow.of(timezone.now()).filter(budget=OuterRef("pk")).order_by("-spent").values("spent")[:1]
        found: QuerySet[Budget] = super().get_queryset(request).annotate(spent=Subquery(most))
        return found

    def bars(self, obj: Budget) -> list[Bar]:
        return of_budgets(Budget.objects.filter(pk=obj.pk))

"""Organisations with their teams and members."""

from __future__ import annotations

from django.contrib import admin

from llm.admin.bars import Bar, of_organisation, of_team
from llm.admin.budgets import OrganisationBudgetRows, TeamBudgetRows
from llm.admin.desk import Choice, Days, Desk, Rows, Searched, YesOrNo
from llm.admin.limits import LimitedDesk, limits_section
from llm.models import Membership, Organisation, Team


class TeamRows(Rows):
    model = Team
    fields = ("name",)
    show_change_link = True


class MembershipRows(Rows):
    model = Membership
    autocomplete_fields = ("user", "team")
    related = ("user", "team", "organisation")


@admin.register(Organisation)
class OrganisationDesk(LimitedDesk):
    list_display = ("name", "time_zone", "keeps_bodies", "created_at")
    list_filter = (("keeps_bodies", YesOrNo), ("created_at", Days))
    search_fields = ("name",)
    readonly_fields = ("created_at",)
    fieldsets = ((None, {"fields": ("name", "time_zone", "keeps_bodies", "created_at")}), limits_section())
    inlines = (TeamRows, OrganisationBudgetRows, MembershipRows)
    nothing_yet = "Keys, teams and members belong to an organisation: add the first."

    def bars(self, obj: Organisation) -> list[Bar]:
        return of_organisation(obj)


@admin.register(Team)
class TeamDesk(LimitedDesk):
    list_display = ("name", "organisation")
    list_filter = (("organisation", Searched),)
    list_select_related = ("organisation",)
    search_fields = ("name", "organisation__name")
    autocomplete_fields = ("organisation",)
    fieldsets = ((None, {"fields": ("name", "organisation")}), limits_section())
    inlines = (TeamBudgetRows,)
    nothing_yet = "Teams divide an organisation's usage: add one where somebody asks what a part of it spends."

    def bars(self, obj: Team) -> list[Bar]:
        return of_team(obj)


@admin.register(Membership)
class MembershipDesk(Desk):
    list_display = ("user", "organisation", "team", "role")
    list_filter = (("organisation", Searched), ("role", Choice))
    list_select_related = ("user", "organisation", "team")
    search_fields = ("user__username", "organisation__name", "team__name")
    autocomplete_fields = ("user", "organisation", "team")
    nothing_yet = "Nobody is a member of an organisation yet: add who works for one."

"""Organisations with their teams and members."""

from __future__ import annotations

from django.contrib import admin

from llm.admin.desk import Desk, Rows
from llm.models import Membership, Organisation, Team


class TeamRows(Rows):
    model = Team


class MembershipRows(Rows):
    model = Membership
    autocomplete_fields = ("user", "team")
    related = ("user", "team", "organisation")


@admin.register(Organisation)
class OrganisationDesk(Desk):
    list_display = ("name", "time_zone", "keeps_bodies", "created_at")
    list_filter = ("keeps_bodies",)
    search_fields = ("name",)
    readonly_fields = ("created_at",)
    inlines = (TeamRows, MembershipRows)


@admin.register(Team)
class TeamDesk(Desk):
    list_display = ("name", "organisation")
    list_select_related = ("organisation",)
    search_fields = ("name", "organisation__name")
    autocomplete_fields = ("organisation",)

"""Who may sign in here, and the groups that give them rights."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.models import Group, User
from django.http import HttpRequest

from llm.admin.desk import Desk

admin.site.unregister(User)
admin.site.unregister(Group)


@admin.register(User)
class UserDesk(UserAdmin, Desk):  # type: ignore[type-arg]  # Django's admins take no arguments at run time
    """Rights come from groups alone. Only a superuser touches superusers."""

    list_display = ("username", "email", "is_active", "is_staff", "is_superuser", "last_login")
    autocomplete_fields = ("groups",)
    filter_horizontal = ()
    readonly_fields = ("last_login", "date_joined")
    fieldsets = (
        (None, {"fields": ("username", "password")}),
        ("Who", {"fields": ("first_name", "last_name", "email")}),
        ("Rights", {"fields": ("is_active", "is_staff", "is_superuser", "groups")}),
        ("Times", {"fields": ("last_login", "date_joined")}),
    )

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        fields = super().get_readonly_fields(request, obj)
        return fields if request.user.is_superuser else (*fields, "is_superuser", "groups")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_change_permission(request, obj) and _may_touch(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_delete_permission(request, obj) and _may_touch(request, obj)


@admin.register(Group)
class GroupDesk(GroupAdmin, Desk):
    """A group gives the same rights to several users."""


def _may_touch(request: HttpRequest, user: Any) -> bool:
    return request.user.is_superuser or user is None or not user.is_superuser

"""The matrix: who gets what from which page, asked and told in Markdown."""

from __future__ import annotations

import copy
from typing import Any

from django.contrib.auth.models import Group, User
from django.db import transaction
from django.test import Client

from config.roles import ROLES
from tests import manual
from tests.roles.pages import Page, every_page

PAGE = manual.DOCS / "reference" / "roles.md"
HEADING = "\n## Pages\n"
METHODS = ("GET", "POST")
PEOPLE = ("anonymous", "stranger", "staff", *sorted(ROLES), "superuser")
"""A stranger is signed in and no staff; staff is in no group."""
NO_SUCH_METHOD = "-"

Cells = list[str]


def people() -> dict[str, Client]:
    made = {who: Client() for who in PEOPLE}
    for who, client in made.items():
        if who != "anonymous":
            client.force_login(user(who))
    return made


def user(who: str) -> User:
    found = User.objects.create_user(who, is_staff=who != "stranger", is_superuser=who == "superuser")
    found.groups.set(Group.objects.filter(name=who) if who in ROLES else [])
    return found


def asked() -> list[Cells]:
    """A row for each page and way of asking; one for both ways where they are answered alike."""
    clients = people()
    found = []
    for page in every_page():
        ways = {way: [answer(client, page, way) for client in clients.values()] for way in ways_of(page)}
        ways = {way: answers for way, answers in ways.items() if answers[-1] != NO_SUCH_METHOD}
        if len(ways) == 2 and ways["GET"] == ways["POST"]:
            ways = {"GET, POST": ways["GET"]}
        found += [[f"`{page.shown}`", way, *answers] for way, answers in ways.items()]
    return found


def ways_of(page: Page) -> tuple[str, ...]:
    return ("POST",) if page.action else METHODS


def answer(client: Client, page: Page, way: str) -> str:
    """Whatever it does is undone."""
    cookies = copy.copy(client.cookies)
    with transaction.atomic():
        response: Any = client.generic("GET" if page.action else way, page.address)
        transaction.set_rollback(True)
    client.cookies = cookies
    if page.action and response.status_code == 200:
        return "yes" if page.action in offered(response) else "no"
    return word(response, way)


def offered(response: Any) -> list[str]:
    form = response.context_data["action_form"]
    return [name for name, _ in form.fields["action"].choices] if form else []


def word(response: Any, way: str) -> str:
    match response.status_code:
        case 301 | 302:
            to_login = response.headers["location"].startswith("/admin/login/")
            return "login" if to_login else "moved" if way == "GET" else "yes"
        case 405:
            return NO_SUCH_METHOD
        case status:
            return "yes" if status < 400 else "no"


def told(rows: list[Cells]) -> str:
    head = ["page", "asked by", *PEOPLE]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in [head, ["---"] * len(head), *rows])


def written() -> list[Cells]:
    return manual.rows(PAGE.read_text().partition(HEADING)[2])


def write(rows: list[Cells]) -> None:
    before = PAGE.read_text().partition(HEADING)[0]
    PAGE.write_text(f"{before}{HEADING}\n{told(rows)}\n")

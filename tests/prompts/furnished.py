"""A gateway that echoes, with a prompt and people of every kind, for a browser to visit."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import httpx2

from llm.vault import new_key
from tests.browsing import PASSWORD, form
from tests.serving import Serving

KEY = new_key()
EDITOR, MANAGER, READER = "eve", "max", "rita"
"""A reader may use the playground and read the log, and no messages."""
FAREWELLS = ("Bye {{ customer }}", "Good bye {{ customer }}")
"""What versions 1 and 2 of the prompt `farewell` say; version 3 asks a model that always fails."""
PEOPLE = """
from django.contrib.auth.models import Group, Permission, User
for name, group in {people}.items():
    user = User.objects.create_user(name, password={password!r}, is_staff=True)
    user.groups.add(Group.objects.get(name=group))
reader = User.objects.create_user({reader!r}, password={password!r}, is_staff=True)
reader.user_permissions.set(Permission.objects.filter(codename__in=["use_playground", "view_requestlog"]))
from llm.models import Membership, Organisation
for user in User.objects.exclude(is_superuser=True):
    for organisation in Organisation.objects.all():
        Membership.objects.get_or_create(user=user, organisation=organisation)
"""
GREETING = {
    "messages": [
        {"role": "system", "content": "You greet."},
        {"role": "user", "content": "Greet {{ customer }} in {{ words }} words."},
    ],
    "variables": [
        {"name": "customer", "type": "string", "description": "who is greeted"},
        {"name": "words", "type": "integer", "min": 1, "max": 9},
    ],
    "model": "echo",
}


@contextmanager
def limited(served: Serving, requests_per_minute: int) -> Iterator[None]:
    """The key of acme's staff, as an operator may limit it. A key that nobody knows makes the gateway look at once."""
    key = {"name": "playground", "organisation": "acme"}
    stranger = {"authorization": f"Bearer {new_key()}"}
    served.apply({"keys": [key | {"requests_per_minute": requests_per_minute}]})
    httpx2.get(f"{served.url}/api/v1/models/", headers=stranger)
    try:
        yield
    finally:
        served.apply({"keys": [key]})
        httpx2.get(f"{served.url}/api/v1/models/", headers={"authorization": f"Bearer {new_key()}"})


@contextmanager
def visiting(served: Serving, name: str) -> Iterator[httpx2.Client]:
    """Somebody of the staff, signed in, without a browser."""
    with httpx2.Client(base_url=served.url, timeout=30, follow_redirects=True) as staff:
        login = form(staff.get("/admin/login/").text)
        staff.post("/admin/login/", data=login | {"username": name, "password": PASSWORD})
        staff.headers["x-csrftoken"] = staff.cookies["csrftoken"]
        yield staff


@contextmanager
def client(served: Serving) -> Iterator[httpx2.Client]:
    with httpx2.Client(base_url=served.url, headers={"authorization": f"Bearer {KEY}"}, timeout=30) as asking:
        yield asking


def furnish(served: Serving) -> None:
    """Before and after it is started: its rows, and through its API the prompt `greeting`."""
    served.manage("bootstrap")
    scopes = ["generate", "prompts.read", "prompts.write", "prompts.publish"]
    served.apply(
        {
            "organisations": [{"name": "acme"}],
            "keys": [{"name": "tests", "organisation": "acme", "key": KEY, "scopes": scopes}],
        }
    )
    people = {EDITOR: "prompt editor", MANAGER: "manager"}
    served.manage("shell", "-v0", "-c", PEOPLE.format(people=people, reader=READER, password=PASSWORD))
    served.start()
    with client(served) as asking:
        for path, body in (
            ("/api/v1/prompts/", {"name": "greeting"}),
            ("/api/v1/prompts/greeting/versions/", GREETING),
            ("/api/v1/prompts/greeting/versions/", GREETING | {"note": "shorter"}),
        ):
            asking.post(path, json=body).raise_for_status()
        asking.post("/api/v1/prompts/", json={"name": "farewell"}).raise_for_status()
        for content, model in ((FAREWELLS[0], "echo"), (FAREWELLS[1], "echo"), (FAREWELLS[0], "echo-fail")):
            said = {
                "messages": [{"role": "user", "content": content}],
                "variables": [{"name": "customer", "type": "string"}],
                "model": model,
            }
            asking.post("/api/v1/prompts/farewell/versions/", json=said).raise_for_status()
        asking.post("/api/v1/prompts/", json={"name": "slow"}).raise_for_status()
        slow = {"messages": [{"role": "user", "content": "one two three four five six"}], "model": "echo-slow"}
        asking.post("/api/v1/prompts/slow/versions/", json=slow).raise_for_status()
        asking.put("/api/v1/prompts/greeting/labels/production/", json={"version": 2, "reason": "it is"})

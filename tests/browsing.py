"""A browser without a window: an operator's session, the links of a page, and its form as it stands."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from html.parser import HTMLParser
from typing import Any

import httpx2

from tests.serving import Serving

OPERATOR = "ada"
PASSWORD = "canary-operator-Vd81Qx"
LINK = re.compile(r'href="(/admin/[^"?#]*)')
LEAVES = "/admin/logout/"


def make_superuser(served: Serving) -> None:
    served.environment["DJANGO_SUPERUSER_PASSWORD"] = PASSWORD
    served.manage("createsuperuser", "--noinput", "--username", OPERATOR, "--email", "ada@example.com")
    del served.environment["DJANGO_SUPERUSER_PASSWORD"]


@contextmanager
def signed_in(served: Serving) -> Iterator[httpx2.Client]:
    """A client with the session of a superuser, who is made first."""
    make_superuser(served)
    with httpx2.Client(base_url=served.url, timeout=30, follow_redirects=True) as client:
        page = client.get("/admin/login/")
        client.post("/admin/login/", data=form(page.text) | {"username": OPERATOR, "password": PASSWORD})
        assert client.get("/admin/").url.path == "/admin/"
        yield client


def crawl(client: httpx2.Client, start: str = "/admin/") -> dict[str, httpx2.Response]:
    """Every page that links lead to, by its path."""
    pages: dict[str, httpx2.Response] = {}
    waiting = [start]
    while waiting:
        path = waiting.pop()
        if path not in pages and path != LEAVES:
            pages[path] = client.get(path)
            waiting += LINK.findall(pages[path].text)
    return pages


def form(html: str) -> dict[str, Any]:
    """What a browser would send of the page's fields, unchanged."""
    reader = FormReader()
    reader.feed(html)
    return reader.fields


class FormReader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.fields: dict[str, Any] = {}
        self._select = self._area = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = dict(attrs)
        name, value = said.get("name") or "", said.get("value")
        match tag:
            case "input" if said.get("type") in ("checkbox", "radio"):
                if "checked" in said:
                    self._add(name, "on" if value is None else value)
            case "input" if said.get("type") not in ("submit", "button", "file"):
                self._add(name, value or "")
            case "select":
                self._select = name
            case "option" if "selected" in said:
                self._add(self._select, value or "")
            case "textarea":
                self._area = name

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea":
            self._area = ""

    def handle_data(self, data: str) -> None:
        if self._area:
            self.fields[self._area] = self.fields.get(self._area, "") + data.lstrip("\n")

    def _add(self, name: str, value: str) -> None:
        if name and "__prefix__" not in name:
            present = self.fields.get(name)
            self.fields[name] = (
                value if present is None else [*([present] if isinstance(present, str) else present), value]
            )

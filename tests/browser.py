"""A real browser for the tests: the machine's chromium, driven by Playwright, which downloads none of its own.

It reaches this machine alone. What goes wrong in a page, or is tried against it, is noted by its `Watch`.

While a browser runs, Playwright's event loop runs in this thread: a module that drives one has no async tests and asks
nothing of Django's database, but drives a served gateway.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Dialog, Page, Request, expect, sync_playwright

from tests import services
from tests.browsing import OPERATOR, PASSWORD, make_superuser
from tests.serving import Serving

NAMES = ("chromium", "chromium-browser", "Chromium")
PACKAGES = ("chromium",)
SWITCHES = (
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-sync",
    "--no-first-run",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)
HERE = "127.0.0.1"
SERIOUS = ("serious", "critical")
PATIENCE = 20_000
"""Milliseconds that a page has to become what is expected: machines that check are slow, and have much to do."""
LISTEN = """
addEventListener("securitypolicyviolation", (event) =>
  console.error(`policy: ${event.effectiveDirective} ${event.blockedURI} ${event.sample}`));
"""

Scheme = Literal["light", "dark"]


@dataclass
class Watch:
    """What a page said to its console in error, the dialogs it opened, and the hosts it asked that are not ours.

    Browsers may complain of a page that is answered with an error, sooner or later: those in `expected` are no news.
    """

    expected: set[int] = field(default_factory=set)
    errors: list[str] = field(default_factory=list)
    dialogs: list[str] = field(default_factory=list)
    outside: list[str] = field(default_factory=list)

    def over(self, context: BrowserContext) -> None:
        context.add_init_script(LISTEN)
        context.on("console", self._heard)
        context.on("weberror", lambda error: self.errors.append(str(error.error)))
        context.on("dialog", self._asked)
        context.on("request", self._left)

    def forget(self) -> None:
        self.errors, self.dialogs, self.outside = [], [], []

    def _heard(self, message: ConsoleMessage) -> None:
        """Whether a browser looks for an icon is its own affair."""
        if message.type != "error" or message.location["url"].endswith("/favicon.ico"):
            return
        if not any(f"status of {status} " in message.text for status in self.expected):
            self.errors.append(message.text)

    def _asked(self, dialog: Dialog) -> None:
        self.dialogs.append(dialog.message)
        dialog.dismiss()

    def _left(self, request: Request) -> None:
        address = urlsplit(request.url)
        if address.scheme in ("http", "https", "ws", "wss") and address.hostname != HERE:
            self.outside.append(request.url)

    @property
    def is_quiet(self) -> bool:
        return not (self.errors or self.dialogs or self.outside)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    path = services.program(*NAMES, packages=PACKAGES)
    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=path, args=list(SWITCHES))
        yield running
        running.close()


@contextmanager
def opened(browser: Browser, url: str, scheme: Scheme = "light") -> Iterator[tuple[Page, Watch]]:
    """A window of a browser that has never been anywhere, and what happens in it. Paths are those below `url`."""
    watch = Watch()
    with browser.new_context(base_url=url, color_scheme=scheme) as context:
        watch.over(context)
        yield context.new_page(), watch


def sign_in(page: Page, name: str = OPERATOR, password: str = PASSWORD) -> None:
    """Through the login's own form."""
    page.goto("/admin/login/")
    page.fill("[name=username]", name)
    page.fill("[name=password]", password)
    page.press("[name=password]", "Enter")
    page.wait_for_url("**/admin/")


def sign_in_as_superuser(page: Page, served: Serving) -> None:
    make_superuser(served)
    sign_in(page)


@contextmanager
def answered(page: Page, watch: Watch, status: int) -> Iterator[None]:
    """What is done inside sends a form, and leads to a page of that status."""
    watch.expected.add(status)
    with page.expect_response(lambda answer: answer.request.method == "POST" and answer.url == page.url) as told:
        yield
    assert told.value.status == status


def serious(page: Page) -> list[str]:
    """What axe finds in the page as it stands that keeps somebody from reading or using it."""
    violations = Axe().run(page).response["violations"]
    return [f"{one['id']}: {one['nodes'][0]['html'][:200]}" for one in violations if one["impact"] in SERIOUS]


def fits(page: Page) -> bool:
    """Whether nobody has to scroll sideways."""
    return bool(page.evaluate("document.documentElement.scrollWidth <= innerWidth"))

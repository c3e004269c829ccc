"""Hostile texts in a real browser: wherever they have come to stand, on every page, none runs and none is an element.

They come in as they would: as prompts, answers and errors of calls, as names and notes of rows, in the address itself.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from urllib.parse import urlencode

import httpx2
import pytest
from playwright.sync_api import Browser, Page

from config import env
from tests.browser import Watch, opened, sign_in
from tests.browsing import make_superuser
from tests.hostile.payloads import PAYLOADS, together
from tests.serving import Serving, serving
from tests.upstream import Upstream

TRAP = (
    "window.__xss = () => { document.documentElement.dataset.ran = 'yes'; console.error('a script of theirs ran'); };"
)
CAUGHT = """() => {
  const found = document.documentElement.dataset.ran ? ["a script ran"] : [];
  if (document.querySelector("[data-xss]")) found.push("an element of theirs");
  for (const element of document.querySelectorAll("*")) {
    for (const {name, value} of element.attributes) {
      const theirs = value.includes("__xss") || value.includes("evil.example");
      const acts = /^(on|x-|@|:|hx-|v-|ng-|srcdoc|style)/.test(name);
      const leads = /^(href|src|action|formaction|data|poster|srcset|xlink:href)$/.test(name);
      if (theirs && (acts || (leads && !/^([?#/](?!\\/)|http:\\/\\/127\\.0\\.0\\.1:)/.test(value))))
        found.push(`${element.tagName} ${name}=${value}`);
    }
    const isCode = /^(SCRIPT|STYLE|IFRAME|OBJECT|EMBED|TEMPLATE)$/.test(element.tagName)
      && element.type !== "application/json";
    if ((isCode || element.namespaceURI.endsWith("svg")) && /__xss|evil\\.example/.test(element.textContent))
      found.push(`${element.tagName} holds ${element.textContent.slice(0, 80)}`);
  }
  return found;
}"""
TOGETHER = 20
OWN_REFUSALS = 10
"""Refusals of one key and second that have rows of their own."""
LOG = "/admin/analytics/requestlog/"
LISTS = (
    *(LOG, "/admin/llm/apikey/", "/admin/llm/model/", "/admin/llm/organisation/", "/admin/llm/provider/"),
    *("/admin/llm/route/", "/admin/llm/routeprice/", "/admin/llm/team/", "/admin/llm/budget/", "/admin/auth/user/"),
    *("/admin/llm/tier/", "/admin/llm/membership/"),
    *("/admin/auth/group/", "/admin/webhooks/webhook/", "/admin/webhooks/delivery/"),
)
NOT_ADDED = (LOG, "/admin/llm/routeprice/", "/admin/webhooks/delivery/")
FORMS = [f"{path}add/" for path in LISTS if path not in NOT_ADDED]
FIELDS = ("name", "username", "base_url", "organization", "upstream_model", "models", "origins", "defaults")
OF_A_ROW = re.compile(r"/admin/\w+/\w+/[^/]+/change/")
LONGEST_COMPLAINT = 450
"""Characters; what a vendor says is cut a little above."""
BATCHES = [PAYLOADS[start : start + TOGETHER] for start in range(0, len(PAYLOADS), TOGETHER)]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    with Upstream() as vendor, serving(tmp_path_factory.mktemp("hostile")) as installed:
        installed.apply(registry(vendor.base_url))
        make_superuser(installed)
        installed.start()
        yield installed


@pytest.fixture(scope="module")
def records(served: Serving) -> list[str]:
    """The paths of records that hold every payload in every place a caller or a vendor can put one."""
    with httpx2.Client(base_url=served.url, timeout=30) as client:
        ids = [ask(client, 0, "echoes", batch) for batch in BATCHES]
        ids += [ask(client, 0, "complains", texts) for texts in together(LONGEST_COMPLAINT)]
        for number, text in enumerate(PAYLOADS):
            ask(client, number // OWN_REFUSALS, text, [text])
    return [f"{LOG}{name}/change/" for name in ids]


@pytest.fixture(scope="module")
def rows(served: Serving) -> dict[str, int]:
    """How many rows of each kind took a payload."""
    command = [sys.executable, "-m", "tests.hostile.rows"]
    environment = served.environment | {"DJANGO_SETTINGS_MODULE": "config.settings"}
    done = subprocess.run(command, cwd=env.ROOT, env=environment, check=True, text=True, stdout=subprocess.PIPE)
    taken: dict[str, int] = json.loads(done.stdout)
    return taken


@pytest.fixture(scope="module")
def window(browser: Browser, served: Serving) -> Iterator[tuple[Page, Watch]]:
    with opened(browser, served.url) as (page, watch):
        page.add_init_script(TRAP)
        sign_in(page)
        yield page, watch


def registry(base_url: str) -> dict[str, object]:
    def model(name: str, upstream: str) -> dict[str, object]:
        return {"name": name, "routes": [{"provider": "fake", "upstream_model": upstream, "input_price": "1"}]}

    return {
        "providers": [{"name": "fake", "kind": "openai", "base_url": base_url, "api_key": "sk-fake", "retries": 0}],
        "models": [
            model("plain", "gpt-4o-mini"),
            model("echoes", "text-and-tool+reasoning"),
            model("complains", "status-400-echo-text"),
        ],
        "organisations": [{"name": "acme"}],
        "keys": [
            {"name": f"k-{number}", "organisation": "acme", "key": key(number)}
            for number in range(len(PAYLOADS) // OWN_REFUSALS + 1)
        ],
    }


def key(number: int) -> str:
    return f"gh_{number:0>43}"


def ask(client: httpx2.Client, holder: int, model: str, texts: tuple[str, ...] | list[str]) -> str:
    """The id of a call that says each of `texts`, and has the first of them wherever there is place for one."""
    first = texts[0]
    body = {
        "model": model,
        "messages": [
            *({"role": "system", "content": text, "name": text} for text in texts),
            {"role": "user", "content": "\n".join(texts)},
        ],
        "metadata": {
            **dict.fromkeys(("user_id", "session_id", "request_id"), first),
            "tags": {text: text for text in texts},
        },
        "context": {
            "assembled_context": first,
            "sources": [{"id": text, "title": text, "uri": text} for text in texts],
        },
        "options": {"stop": [first]},
    }
    answer = client.post("/api/v1/generate/", json=body, headers={"authorization": f"Bearer {key(holder)}"})
    assert answer.status_code in (200, 400, 404, 422), answer.text
    return str(answer.headers["x-request-id"])


def caught(page: Page, watch: Watch, path: str) -> list[str]:
    watch.forget()
    page.goto(path)
    found: list[str] = page.evaluate(CAUGHT)
    return [*found, *watch.errors, *watch.dialogs, *watch.outside]


def test_the_trap_catches_what_does_get_through(window: tuple[Page, Watch]) -> None:
    """On a page without a policy, which would keep them from running."""
    page, _ = window
    page.goto("/healthz")
    page.set_content("".join(PAYLOADS))
    found = page.evaluate(CAUGHT)

    assert "a script ran" in found
    assert "an element of theirs" in found
    assert len(found) > 3


def test_no_record_runs_what_was_said_in_it(window: tuple[Page, Watch], records: list[str]) -> None:
    page, watch = window

    assert len(records) > len(BATCHES) + 30
    assert {path: found for path in records if (found := caught(page, watch, path))} == {}


def test_a_record_shows_what_was_said_as_it_was_written(window: tuple[Page, Watch], records: list[str]) -> None:
    page, _ = window
    for path, texts in zip(records, BATCHES, strict=False):
        page.goto(path)
        shown = page.text_content("main") or ""
        assert [text for text in texts if plain(text) not in plain(shown)] == []


def plain(text: str) -> str:
    """As HTML keeps it: without NUL, which the log writes as an escape, and with one kind of line end."""
    return re.sub(r"\s+", " ", text.replace("\0", "\\u0000")).strip()


@pytest.mark.parametrize("path", LISTS)
def test_no_list_runs_what_stands_in_it(
    window: tuple[Page, Watch], records: list[str], rows: dict[str, int], path: str
) -> None:
    """Page by page, and two rows of it with their forms, histories and what would be deleted with them."""
    page, watch = window
    assert min(rows[kind] for kind in ("Provider", "Group", "User", "Delivery")) > 0.9 * len(PAYLOADS)
    pages = {path: caught(page, watch, path)}
    links: list[str] = page.eval_on_selector_all("a[href]", "links => links.map(link => link.getAttribute('href'))")
    following = {path + link for link in links if re.fullmatch(r"\?p=\d+", link)}
    forms = sorted({link for link in links if OF_A_ROW.match(link)})[:2] if path != LOG else []
    inner = [form.replace("/change/", f"/{leaf}/") for form in forms for leaf in ("change", "history", "delete")]
    pages |= {address: caught(page, watch, address) for address in (*following, *inner)}

    assert {address: found for address, found in pages.items() if found} == {}


@pytest.mark.parametrize(
    "path", ["/admin/", "/admin/llm/", "/admin/auth/", "/admin/llm/provider/1/history/", "/admin/system/"]
)
def test_no_overview_runs_what_stands_in_it(window: tuple[Page, Watch], rows: dict[str, int], path: str) -> None:
    page, watch = window

    assert caught(page, watch, path) == []


@pytest.mark.parametrize("path", [*FORMS, *LISTS, "/admin/login/"])
def test_no_page_runs_what_its_address_says(window: tuple[Page, Watch], path: str) -> None:
    page, watch = window
    for texts in BATCHES[::5]:
        said = "".join(texts)
        name = "q" if path in LISTS else "next"
        assert (
            caught(
                page, watch, f"{path}?{urlencode({name: said, **dict.fromkeys(FIELDS if path in FORMS else (), said)})}"
            )
            == []
        )

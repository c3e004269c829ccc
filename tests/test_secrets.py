"""Secrets are told to no one: after traffic of every kind, none is found wherever anyone might look."""

from __future__ import annotations

import base64
import re
import secrets
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import httpx2
import psycopg
import pytest
import redis
from psycopg import sql

from tests.browsing import PASSWORD, crawl, form, signed_in
from tests.databases import migrated_postgres
from tests.llm.own_redis import OwnRedis
from tests.serving import Serving, serving
from tests.upstream import Upstream

GENERATIONS = ["/api/v1/generate/", "/v1/chat/completions"]
MODELS = ["words-3", "tool", "status-401-echo-key", "status-400-echo-key", "status-500", "cut", "words-2000+gap-5ms"]
HOLDER = "{name: main, organisation: acme, key: 'env:KEY', requests_per_minute: 10000}"
CACHED: dict[str, dict[str, Any]] = {
    GENERATIONS[0]: {"cache": {"mode": "on"}},
    GENERATIONS[1]: {"gatehouse": {"cache": {"mode": "on"}}},
}
TELLING = 12
"""So many letters of a secret in a row are a leak too."""
MADE = re.compile(r'id="issued-key">(gh_[\w-]+)<')
SIGNS = re.compile(r'id="issued-secret">(whsec_[\w+/=]+)<')


def canary(shape: str = "", size: int = 32) -> str:
    return shape + secrets.token_urlsafe(size)


@dataclass
class House:
    """What was served and what was seen; `secrets` by what they are."""

    served: Serving
    secrets: dict[str, str]
    seen: list[str] = field(default_factory=list)
    journal: bytes = b""
    pages: dict[str, httpx2.Response] = field(default_factory=dict)
    redis: Any = None

    def keep(self, answer: httpx2.Response) -> httpx2.Response:
        self.seen.append(f"{answer.headers.raw} {answer.text}")
        return answer

    def journals(self) -> list[Path]:
        return [file for file in (self.served.folder / "journal").rglob("*") if file.is_file()]

    def found_in(self, text: bytes) -> list[str]:
        return [name for name, secret in self.secrets.items() if any(trace in text for trace in traces(secret))]


def traces(secret: str) -> set[bytes]:
    """A secret, its ends, and what it looks like in a URL or in base64."""
    plain = secret.encode()
    whole = {plain, quote(secret, safe="").encode(), base64.b64encode(plain), base64.urlsafe_b64encode(plain)}
    return whole | ({plain[-TELLING:], plain[-2 * TELLING : -TELLING]} if len(plain) > 3 * TELLING else set())


@pytest.fixture(scope="module", params=["embedded", "production"])
def house(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    hidden = {
        "SECRET_KEY": canary(size=48),
        "SECRETS_KEY": base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
        "METRICS_TOKEN": canary(),
        "VENDOR_KEY": canary("sk-"),
        "KEY": canary("gh_"),
    }
    settings = {**hidden, "LOG_LEVEL": "DEBUG", "ACCESS_LOG": "1"}
    with ExitStack() as stack:
        upstream = stack.enter_context(Upstream())
        store = None
        if request.param == "production":
            settings |= {"DATABASE_URL": guarded(stack.enter_context(migrated_postgres()), hidden)}
            store = guarded_redis(stack, tmp_path_factory.mktemp("redis"), hidden)
            settings |= {"REDIS_URL": f"redis://:{hidden['REDIS_PASSWORD']}@127.0.0.1:{store.port}/0"}
        served = stack.enter_context(serving(tmp_path_factory.mktemp("secrets"), **settings))
        inhabited = House(served, hidden, redis=store and settings["REDIS_URL"])
        inhabit(inhabited, upstream)
        yield inhabited


def guarded(url: str, hidden: dict[str, str]) -> str:
    """With a password, which a server that trusts its callers does not look at."""
    parts = urlsplit(url)
    if parts.password:
        return url
    hidden["DATABASE_PASSWORD"] = canary()
    return parts._replace(netloc=parts.netloc.replace("@", f":{hidden['DATABASE_PASSWORD']}@", 1)).geturl()


def guarded_redis(stack: ExitStack, folder: Path, hidden: dict[str, str]) -> OwnRedis:
    hidden["REDIS_PASSWORD"] = canary()
    store = OwnRedis(folder)
    store.start()
    stack.callback(store.kill)
    redis.Redis.from_url(store.url).config_set("requirepass", hidden["REDIS_PASSWORD"])
    return store


def inhabit(house: House, upstream: Upstream) -> None:
    """Set it up, ask it for everything, and let an operator work in it."""
    served = house.served
    house.secrets |= {"bare vendor key": "vllm-7Hq2xT9", "wrong key": canary("gh_"), "operator": PASSWORD}
    house.seen.append(served.manage("apply_registry", "-", stdin=registry(upstream.base_url, house.secrets)))
    house.secrets["key of a command"] = served.create_key()
    served.start()
    ask_for_everything(house)
    operate(house)
    house.seen.append(served.manage("apply_registry", "-", stdin=registry(upstream.base_url, house.secrets)))
    upstream.wait_for(lambda: upstream.aborts >= 2)
    assert house.secrets["VENDOR_KEY"] in {received.key for received in upstream.requests}
    assert house.secrets["bare vendor key"] in {received.key for received in upstream.requests}


def registry(base_url: str, hidden: dict[str, str]) -> str:
    providers = {"fake": "env:VENDOR_KEY", "bare": hidden["bare vendor key"]}
    routes = [
        f"{{name: '{p}/{m}', routes: [{{provider: {p}, upstream_model: '{m}'}}]}}" for p in providers for m in MODELS
    ]
    sellers = [
        f"{{name: {name}, kind: openai, base_url: '{base_url}', api_key: '{key}', retries: 0}}"
        for name, key in providers.items()
    ]
    goods = f"providers: [{', '.join(sellers)}]\nmodels: [{', '.join(routes)}]\n"
    return f"{goods}organisations: [{{name: acme}}]\nkeys: [{HOLDER}]\n"


def ask_for_everything(house: House) -> None:
    key, wrong, vendor = (house.secrets[name] for name in ("KEY", "wrong key", "VENDOR_KEY"))
    bearer = {"authorization": f"Bearer {key}"}
    with httpx2.Client(base_url=house.served.url, timeout=30) as client:
        for path in GENERATIONS:
            for model in (f"{provider}/{model}" for provider in ("fake", "bare") for model in MODELS[:-1]):
                for stream in (False, True):
                    house.keep(client.post(path, json=question(model, stream=stream), headers=bearer))
            house.keep(client.post(path, json=question("fake/words-3", **CACHED[path]), headers=bearer))
            with client.stream(
                "POST", path, json=question("fake/words-2000+gap-5ms", stream=True), headers=bearer
            ) as left:
                next(left.iter_lines())
                house.journal += b"".join(file.read_bytes() for file in house.journals())
            for headers in (
                {"authorization": f"Bearer {wrong}"},
                {"x-api-key": vendor},
                {"authorization": f"Basic {key}"},
                {"authorization": f"Bearer {key}", "x-api-key": wrong},
                {"authorization": f"Bearer {key} {wrong}"},
                {"authorization": key},
            ):
                house.keep(client.post(path, json=question("fake/words-3"), headers=headers))
            for body in (b"{", b"[]", b'{"messages": 5}', b'{"model": "none"}'):
                house.keep(client.post(path, content=body, headers=bearer))
        for path in (
            "/v1/models",
            "/api/v1/usage/",
            "/api/v1/requests/",
            "/api/schema/",
            "/api/docs/",
            "/api/nowhere/",
        ):
            house.keep(client.get(path, headers=bearer))
            house.keep(client.get(path, headers={"x-api-key": wrong}))
            house.keep(client.get(path, params={"api_key": key, "key": wrong}))
        house.keep(client.get("/v1/models", headers={"x-api-key": house.secrets["key of a command"]}))
        for record in client.get("/api/v1/requests/", headers=bearer).json()["results"]:
            house.keep(client.get(f"/api/v1/requests/{record['id']}/", headers=bearer))
        house.keep(client.get("/metrics", headers={"authorization": f"Bearer {house.secrets['METRICS_TOKEN']}"}))


def question(model: str, **more: Any) -> dict[str, Any]:
    return {"model": model, "messages": [{"role": "user", "content": "one two three"}], **more}


def operate(house: House) -> None:
    """A key is made and a provider's secret replaced, once in a way that is refused; then every page is looked at."""
    with signed_in(house.served) as browser:
        blank = browser.get("/admin/llm/apikey/add/")
        organisation = house.served.rows("llm_organisation")[0]["id"]
        made = browser.post(blank.url.path, data=form(blank.text) | {"name": "made", "organisation": organisation})
        found = MADE.search(made.text)
        assert found, "the page of a new key does not show it"
        house.secrets["key made in the admin"] = found[1]

        blank = browser.get("/admin/webhooks/webhook/add/")
        made = browser.post(blank.url.path, data=form(blank.text) | {"url": "https://hooks.example/gatehouse"})
        found = SIGNS.search(made.text)
        assert found, "the page of a new webhook does not show its secret"
        house.secrets["secret of a webhook"] = found[1]

        (provider,) = [row["id"] for row in house.served.rows("llm_provider") if row["name"] == "bare"]
        page = browser.get(f"/admin/llm/provider/{provider}/change/")
        house.secrets["secret set in the admin"] = canary()
        changed = form(page.text) | {"new_secret": house.secrets["secret set in the admin"]}
        refused = house.keep(browser.post(page.url.path, data=changed | {"timeout": "never"}))
        assert "errornote" in refused.text
        house.keep(browser.post(page.url.path, data=changed))
        assert any(row["change_message"] for row in house.served.rows("django_admin_log"))
        house.pages = crawl(browser)


def test_no_answer_holds_a_secret(house: House) -> None:
    """Nor do headers, or what commands print."""
    assert house.found_in("\n".join(house.seen).encode()) == []


def test_no_page_of_the_admin_holds_a_secret(house: House) -> None:
    registry_pages = [path for path in house.pages if re.fullmatch(r"/admin/llm/\w+/(\d+/\w+/|add/)?", path)]

    assert len(registry_pages) > 20
    assert {
        "/admin/system/",
        "/admin/llm/budget/",
        "/admin/llm/tier/",
        "/admin/webhooks/webhook/",
    } <= house.pages.keys()
    assert any(re.fullmatch(r"/admin/webhooks/webhook/\d+/change/", path) for path in house.pages)
    assert {page.status_code for page in house.pages.values()} == {200}
    assert {path: found for path, page in house.pages.items() if (found := house.found_in(page.content))} == {}


def test_the_log_holds_no_secret_at_its_most_talkative(house: House) -> None:
    log = house.served.log.read_bytes()

    assert b"/v1/models?api_key=" in log
    assert house.found_in(log) == []


@pytest.mark.parametrize("command", ["dumpdata", "export_registry"])
def test_no_export_holds_a_secret(house: House, command: str) -> None:
    told = house.served.manage(command)

    assert "acme" in told
    assert house.found_in(told.encode()) == []


def test_no_file_of_the_installation_holds_a_secret(house: House) -> None:
    """But `secrets`, where it was made here. The embedded database is one of them."""
    files = [path for path in house.served.folder.rglob("*") if path.is_file() and path.name != "secrets"]

    assert set(house.journals()) < set(files)
    assert {path.name: found for path in files if (found := house.found_in(path.read_bytes()))} == {}


def test_the_journal_of_calls_in_flight_holds_no_secret(house: House) -> None:
    assert b"words-2000+gap-5ms" in house.journal
    assert house.found_in(house.journal) == []


def test_no_table_holds_a_secret(house: House) -> None:
    told = dump(house.served)

    assert b"acme" in told
    assert house.found_in(told) == []


def dump(served: Serving) -> bytes:
    url = served.environment.get("DATABASE_URL")
    if url is None:
        with closing(sqlite3.connect(served.folder / "gatehouse.sqlite3")) as books:
            return "\n".join(books.iterdump()).encode()
    with psycopg.connect(url) as connection, connection.cursor() as cursor:
        tables = cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
        return b"".join(bytes(row) for (table,) in tables for row in copied(cursor, table))


def copied(cursor: psycopg.Cursor[Any], table: str) -> list[Any]:
    with cursor.copy(sql.SQL("COPY (TABLE {}) TO STDOUT").format(sql.Identifier(table))) as copy:
        return list(copy)


def test_redis_holds_no_secret(house: House) -> None:
    if house.redis is None:
        return  # embedded: there is none
    store = redis.Redis.from_url(house.redis)
    told = b"".join(name + str(value_of(store, name)).encode() for name in store.scan_iter())

    assert b"gatehouse:" in told
    assert house.found_in(told) == []


def value_of(store: Any, name: bytes) -> Any:
    read: dict[bytes, Callable[[bytes], Any]] = {
        b"string": store.get,
        b"hash": store.hgetall,
        b"zset": lambda key: store.zrange(key, 0, -1),
        b"list": lambda key: store.lrange(key, 0, -1),
        b"set": store.smembers,
    }
    return read[store.type(name)](name)


def test_no_command_line_holds_a_secret(house: House) -> None:
    told = subprocess.run(["ps", "-A", "-ww", "-o", "command"], check=True, capture_output=True).stdout

    assert b"manage.py serve" in told
    assert house.found_in(told) == []

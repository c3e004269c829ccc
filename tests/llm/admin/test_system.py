"""The page of the running system: whole while parts of it are away, frozen or broken, and for operators alone."""

from __future__ import annotations

import time
from datetime import timedelta
from pathlib import Path

import pytest
from celery import current_app
from django.contrib.auth.models import Group, User
from django.test import Client
from django.utils import timezone
from kombu import Connection
from pytest_django import Settings

from analytics.recorder import JournalRecorder
from config.roles import ROLES
from llm.active import LocalCalls, Process
from llm.admin import soundings, system, troubles
from llm.admin.soundings import Sounding
from llm.call import SystemClock
from llm.errors import ProviderUnreachable
from llm.routing import Circuits
from llm.routing.circuits import FAILURES, RouteName, Standing, State
from llm.watch import Trouble
from tests.llm.doubles import route
from tests.llm.own_redis import OwnRedis
from webhooks.models import Delivery

ROUTE = route("one")
NOWHERE = "redis://127.0.0.1:9/0"
PAGE = "/admin/system/"
SLOW, STOPPED = Trouble("The <cache> is slow."), Trouble("No key counts any more.", stops=True)


@pytest.fixture
def circuits(monkeypatch: pytest.MonkeyPatch) -> Circuits:
    made = Circuits(SystemClock())
    monkeypatch.setattr(system, "circuits", lambda: made)
    return made


@pytest.fixture
def calls() -> LocalCalls:
    return LocalCalls()


@pytest.fixture(autouse=True)
def _parts(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, circuits: Circuits, calls: LocalCalls) -> None:
    """Those of a process that serves nobody; nobody works for it."""
    recorder = JournalRecorder(tmp_path)
    monkeypatch.setattr(soundings, "recorder", lambda: recorder)
    monkeypatch.setattr(soundings, "is_open", lambda: True)
    for module in (soundings, troubles):
        monkeypatch.setattr(module, "active", lambda: calls)
    monkeypatch.setattr(soundings, "workers", lambda: Sounding("Workers", "warning", "none answered"))


def trip(circuits: Circuits) -> None:
    circuit = circuits.of(ROUTE)
    for second in range(FAILURES):
        circuit.fail(time.monotonic() + second / 1000, ProviderUnreachable("No."), on_trial=False)


def shown(client: Client) -> str:
    answer = client.get(PAGE)
    assert answer.status_code == 200
    assert "script-src 'self'" in answer.headers["content-security-policy"]
    assert "unsafe" not in answer.headers["content-security-policy"]
    return answer.content.decode()


def test_every_part_has_its_row(operator: Client) -> None:
    html = shown(operator)
    for part in ("Database", "Recorder", "Messages", "Redis", "Processes", "Workers", "Queue"):
        assert f"<h3>{part} " in html
    assert "All are closed" in html


def test_a_redis_that_is_frozen_or_away_costs_its_row_and_little_time(
    operator: Client, own_redis: OwnRedis, settings: Settings
) -> None:
    settings.REDIS_URL, settings.CACHE_REDIS_URL = own_redis.url, NOWHERE
    own_redis.freeze()
    began = time.monotonic()
    html = shown(operator)

    assert time.monotonic() - began < 5
    for part, state in (("Database", "ok"), ("Redis", "failed"), ("Redis of the cache", "failed")):
        assert f'<h3>{part} <span class="badge {state}">' in html


def test_a_part_that_breaks_or_hangs_leaves_the_others(operator: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks() -> Sounding:
        raise ZeroDivisionError("<b>by zero</b>\nsecond line")

    def hangs() -> Sounding:
        time.sleep(30)
        raise AssertionError

    monkeypatch.setattr(soundings, "PATIENCE", 0.3)
    monkeypatch.setattr(soundings, "books", breaks)
    monkeypatch.setattr(soundings, "queue", hangs)
    html = shown(operator)

    assert "&lt;b&gt;by zero&lt;/b&gt;" in html
    assert "second line" not in html
    assert "did not answer within 0.3 s" in html
    assert "answers in" in html


def test_what_a_process_has_to_do_without_is_said_in_words(operator: Client, calls: LocalCalls) -> None:
    assert "Nothing: every process has all its parts." in shown(operator)
    calls.note("cache", SLOW)
    html = shown(operator)
    assert "The &lt;cache&gt; is slow." in html
    assert f"Said by {calls.here()}." in " ".join(html.split())
    assert "No call can be served there." not in html


def test_it_is_said_how_many_are_in_trouble_the_worst_first(
    operator: Client, calls: LocalCalls, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard = [Process("one", 1, 0, (SLOW,)), Process("two", 2, 0, (SLOW, STOPPED))]
    monkeypatch.setattr(calls, "processes", lambda: heard)
    html = " ".join(shown(operator).split())
    assert "Said by all 2 processes." in html
    assert "Said by two, process 2." in html
    assert html.index(STOPPED.why) < html.index("is slow")
    assert '<p class="badge failed">' in html


def test_where_the_others_are_out_of_sight_one_speaks_for_itself(
    operator: Client, calls: LocalCalls, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calls, "processes", lambda: None)
    calls.note("cache", SLOW)
    html = shown(operator)
    assert str(calls.here()) in html
    assert "The others are out of sight" in html


def test_a_message_that_nobody_sends_is_noticed(db: None) -> None:
    assert soundings.messages().state == "ok"
    Delivery.objects.create(message="msg_1", event="x", due_at=timezone.now() - timedelta(minutes=10))
    assert soundings.messages().state == "warning"


def test_an_open_circuit_is_shown_with_its_reason_and_reset(operator: Client, circuits: Circuits) -> None:
    trip(circuits)
    html = shown(operator)
    assert ROUTE.provider.name in html
    assert f"{FAILURES} of {FAILURES} tries failed" in html

    answer = operator.post(PAGE, {"route": ROUTE.id})
    assert (answer.status_code, answer.headers["location"]) == (302, PAGE)
    assert circuits.shut() == []
    assert "All are closed" in shown(operator)


@pytest.mark.parametrize(
    ("state", "left", "words"),
    [("open", 4.2, "in 5 s"), ("open", -1, "with the next call"), ("half_open", -1, "with the next call")],
)
def test_it_is_said_when_a_circuit_is_tried_again(state: State, left: float, words: str) -> None:
    now = timezone.now()
    standing = Standing(RouteName.of(ROUTE), state, now, now + timedelta(seconds=left), "it fails")
    assert system.shown(standing, now).again == words


@pytest.mark.parametrize("route", ["", "x", "-1", "999", "²", "1" * 400])
def test_a_route_that_is_none_resets_nothing(operator: Client, circuits: Circuits, route: str) -> None:
    trip(circuits)
    assert operator.post(PAGE, {"route": route}).status_code == 302
    assert len(circuits.shut()) == 1


@pytest.mark.parametrize(("role", "status"), [*((role, 200 if role == "operator" else 403) for role in ROLES)])
def test_it_is_for_operators(client: Client, db: None, role: str, status: int) -> None:
    user = User.objects.create_user(role, is_staff=True)
    user.groups.set([Group.objects.get(name=role)])
    client.force_login(user)

    assert client.get(PAGE).status_code == status
    assert (PAGE in client.get("/admin/").content.decode()) is (status == 200)
    assert client.post(PAGE, {"route": "1"}).status_code == (302 if status == 200 else 403)


def test_the_queue_is_counted() -> None:
    before = waiting()
    current_app.send_task("llm.tasks.nothing")

    assert waiting() == before + 1


def test_a_queue_in_which_nothing_waits_is_well_in_redis_too(
    own_redis: OwnRedis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(current_app, "connection_for_read", lambda **more: Connection(own_redis.url, **more))
    assert soundings.queue().said == "0 tasks waiting for a worker"


def waiting() -> int:
    return int(soundings.queue().said.split()[0].replace(",", ""))

"""SIGTERM with many calls in flight: readiness is red at once, newcomers are refused, what can end does, the rest is
told in its dialect, everything is in the books, and the process ends with 0."""

from __future__ import annotations

import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.databases import migrated_postgres
from tests.llm.surfaces.house import ANTHROPIC, NATIVE, OPENAI, House, frames, question
from tests.llm.surfaces.registry import registry
from tests.llm.surfaces.talk import Talk, talking
from tests.serving import serving
from tests.upstream import Upstream

pytestmark = pytest.mark.alone

SURFACES = (NATIVE, OPENAI, ANTHROPIC)
EACH = 4
OVER_SOCKETS = 10
IN_FLIGHT = 4 * len(SURFACES) * EACH + OVER_SOCKETS
BEGUN = 2 * len(SURFACES) * EACH + OVER_SOCKETS
MODELS = ("gpt-4o-mini", "gate", "stall-first", "stall-mid")
GRACE = 3.0

Answers = dict[str, list["Future[httpx2.Response]"]]


@pytest.fixture
def grace() -> float:
    return GRACE


@pytest.fixture(params=["one process", "two workers"])
def leaving(request: pytest.FixtureRequest, tmp_path: Path, redis_url: str, grace: float) -> Iterator[House]:
    environment = {"GRACE_SECONDS": str(grace), "DRAIN_SECONDS": "1"}
    with ExitStack() as stack:
        if request.param == "two workers":
            environment |= {"DATABASE_URL": stack.enter_context(migrated_postgres()), "REDIS_URL": redis_url}
            environment |= {"WEB_CONCURRENCY": "2"}
        vendor = stack.enter_context(Upstream())
        limits = httpx2.Limits(max_connections=None)
        client = stack.enter_context(httpx2.Client(timeout=60, limits=limits))
        installed = stack.enter_context(serving(tmp_path, **environment))
        whole = registry(vendor.base_url)
        installed.apply({**whole, "models": [model for model in whole["models"] if model["name"] in MODELS]})
        installed.start()
        assert client.get(f"{installed.url}/healthz").status_code == 200
        yield House(installed, vendor, client)
        assert "Traceback" not in installed.log.read_text()


def busy(house: House, threads: ThreadPoolExecutor, talk: Talk) -> Answers:
    """Every kind of call in flight."""

    def several(model: str, *, stream: bool) -> list[Future[httpx2.Response]]:
        return [threads.submit(ask, house, path, model, stream) for path in SURFACES for _ in range(EACH)]

    answers = {
        "ending": several("gate", stream=True),
        "begun": several("stall-mid", stream=True),
        "waiting": several("stall-first", stream=True),
        "json": several("stall-first", stream=False),
    }
    for number in range(OVER_SOCKETS):
        talk.ask(f"c{number}", "stall-mid")
        talk.until("chunk", name=f"c{number}")
    eventually(lambda: states(house) == Counter({True: BEGUN, False: IN_FLIGHT - BEGUN}))
    return answers


def ask(house: House, path: str, model: str, stream: bool) -> httpx2.Response:
    bound: dict[str, Any] = {} if path == NATIVE else {"max_tokens": 100}
    return house.post(path, question(model, stream=stream, **bound))


def states(house: House) -> Counter[bool]:
    headers = {"authorization": house.post(NATIVE, {}).request.headers["authorization"]}
    told = house.client.get(f"{house.url}/api/v1/requests/active/", headers=headers).json()["results"]
    return Counter(call["first_token_seen"] for call in told)


def eventually(holds: Callable[[], object], seconds: float = 30.0) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def tell(house: House) -> None:
    assert house.serving.process is not None
    house.serving.process.send_signal(signal.SIGTERM)


def assert_cut(answers: Answers) -> None:
    """Nobody is left without a word."""
    for whole in (one.result() for kind in ("waiting", "json") for one in answers[kind]):
        assert (whole.status_code, whole.headers["retry-after"]) == (503, "1")
        assert whole.json()["error"]["code"] == "going_away"
    for stream in (one.result() for one in answers["begun"]):
        assert stream.status_code == 200
        said = frames(stream.text)[-1][1]
        assert said["error"]["code"] == "going_away"


def test_everybody_hears_an_end(leaving: House) -> None:
    with ThreadPoolExecutor(IN_FLIGHT) as threads, talking(leaving) as talk:
        answers = busy(leaving, threads, talk)
        before = len(leaving.serving.rows())
        tell(leaving)
        began = time.monotonic()
        eventually(lambda: leaving.client.get(f"{leaving.url}/readyz").status_code == 503, 0.9)
        refused = leaving.ask(NATIVE, "gpt-4o-mini")
        assert (refused.status_code, refused.json()["error"]["code"]) == (503, "going_away")
        assert leaving.client.get(f"{leaving.url}/healthz").status_code == 200
        leaving.vendor.release()
        for ended in (one.result() for one in answers["ending"]):
            assert ended.status_code == 200
            assert "again" in ended.text
            assert "going_away" not in ended.text
        assert_cut(answers)
        told = talk.rest()
    assert leaving.serving.process is not None
    assert leaving.serving.process.wait(20) == 0
    assert time.monotonic() - began < GRACE + 8

    assert Counter(heard["error"]["code"] for heard in told) == {"going_away": OVER_SOCKETS}
    rows = leaving.serving.rows()[before:] if before else leaving.serving.rows()
    ends = Counter((row["status"], row["error_code"]) for row in rows if row["model"] in ("gate", *MODELS[2:]))
    kinds = len(SURFACES) * EACH
    assert ends == {
        ("ok", None): kinds,
        ("incomplete", "going_away"): kinds + OVER_SOCKETS,
        ("error", "going_away"): 2 * kinds,
    }
    assert list((leaving.serving.folder / "journal").iterdir()) == []


@pytest.mark.parametrize("grace", [120.0])
def test_a_second_signal_ends_it_at_once(leaving: House, grace: float) -> None:
    with ThreadPoolExecutor(IN_FLIGHT) as threads, talking(leaving) as talk:
        answers = busy(leaving, threads, talk)
        tell(leaving)
        eventually(lambda: leaving.serving.log.read_text().count("Draining") == workers(leaving))
        tell(leaving)
        began = time.monotonic()
        assert_cut(answers)
    assert leaving.serving.process is not None
    assert leaving.serving.process.wait(30) == 0
    assert time.monotonic() - began < grace / 4


def workers(house: House) -> int:
    """Each hears of the first signal by itself; two that come at once are one."""
    return int(house.serving.environment.get("WEB_CONCURRENCY", "1"))

"""One trial: a gateway with Redis and PostgreSQL of its own, asked all the while that one of them is away."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from llm.call import public_id
from llm.vault import new_key
from tests.prove.conftest import Vendor, wait_until
from tests.prove.traffic import Outcome, Said, Traffic, listen, pause, percentile
from tests.serving import Serving

WELL, BACK = 8.0, 12.0
"""Seconds before something goes away, and after it has come back."""
RECOVERED = 5.0
"""Seconds after its return by which all is as before."""
MODEL = "gpt-4o-mini"
PRICES = {"input_price": "1", "output_price": "2"}
PURSE = "0.0004"
"""Dollars. An answer costs a millionth for each of four tokens in, and two for each of four out."""
LIMITS = {"requests_per_minute": 6_000, "tokens_per_minute": 1_000_000, "max_concurrency": 500}
KEYS: dict[str, dict[str, Any]] = {
    "limited": LIMITS,
    "budgeted": {"budgets": [{"scope": "key", "amount": "100"}]},
    "poor": {"budgets": [{"scope": "key", "amount": PURSE}]},
}
RATES = {"limited": 12.0, "budgeted": 5.0, "poor": 3.0}
"""Requests a second of each key, twenty together."""


@dataclass
class Course:
    """How a trial went. Times on the monotonic clock."""

    left: float
    returned: float
    outcomes: dict[str, list[Outcome]]
    health: list[Said]
    readiness: list[Said]
    rows: list[dict[str, Any]]
    windows: dict[str, tuple[int, int]]
    """Spent and reserved of each key's budget, in picodollars."""

    def well(self, key: str) -> list[Outcome]:
        return [one for one in self.outcomes[key] if one.began + one.seconds < self.left]

    def away(self, key: str) -> list[Outcome]:
        return [one for one in self.outcomes[key] if self.left <= one.began < self.returned]

    def back(self, key: str) -> list[Outcome]:
        return [one for one in self.outcomes[key] if one.began >= self.returned + RECOVERED]

    def answered(self, key: str) -> list[Outcome]:
        return [one for one in self.outcomes[key] if one.status == 200]

    def words(self, since: float, until: float) -> set[str]:
        """What `/readyz` said meanwhile: its status and the parts that were in trouble."""
        bodies = [said.body for said in self.readiness if since <= said.at < until and said.body]
        return {" ".join([body["status"], *sorted(body["degraded"])]) for body in bodies}


def furnish(gateway: Serving, vendor: Vendor) -> dict[str, str]:
    """The registry; returns the keys by their names."""
    secrets = {name: new_key() for name in KEYS}
    route = {"provider": "fake", "upstream_model": MODEL, **PRICES}
    gateway.apply(
        {
            "providers": [{"name": "fake", "kind": "openai", "base_url": vendor.base_url, "api_key": "sk-fake"}],
            "models": [{"name": MODEL, "routes": [route]}],
            "organisations": [{"name": "acme"}],
            "keys": [
                {"name": name, "organisation": "acme", "key": secrets[name], **more} for name, more in KEYS.items()
            ],
        }
    )
    return secrets


def run(
    gateway: Serving, secrets: dict[str, str], leave: Callable[[], object], come_back: Callable[[], object], away: float
) -> Course:
    """Twenty requests a second throughout; `away` is in seconds, from `leave` to `come_back`."""
    seconds = WELL + away + BACK
    traffics = {
        name: Traffic(gateway.url, secrets[name], rate, (MODEL,), {"max_tokens": 5}) for name, rate in RATES.items()
    }
    heard: dict[str, list[Said]] = {}

    async def everything() -> None:
        pages = {page: asyncio.create_task(listen(f"{gateway.url}{page}", seconds)) for page in ("/healthz", "/readyz")}
        await asyncio.gather(*(traffic.run(seconds) for traffic in traffics.values()))
        heard.update({page: await task for page, task in pages.items()})

    sender = threading.Thread(target=asyncio.run, args=(everything(),))
    sender.start()
    pause(WELL)
    left = time.monotonic()
    leave()
    pause(left + away - time.monotonic())
    come_back()
    returned = time.monotonic()
    sender.join()
    outcomes = {name: traffic.outcomes for name, traffic in traffics.items()}
    wait_until(lambda: _missing(gateway, outcomes) == set(), 30)
    wait_until(lambda: gateway.rows("llm_reservation") == [], 30)
    return Course(left, returned, outcomes, heard["/healthz"], heard["/readyz"], gateway.rows(), _windows(gateway))


def _missing(gateway: Serving, outcomes: dict[str, list[Outcome]]) -> set[str | None]:
    """Answers without a row."""
    answered = {one.id for of_key in outcomes.values() for one in of_key if one.status == 200}
    return answered - {public_id(row["id"]) for row in gateway.rows()}


def _windows(gateway: Serving) -> dict[str, tuple[int, int]]:
    names = {row["id"]: row["name"] for row in gateway.rows("llm_apikey")}
    owners = {row["id"]: names[row["key_id"]] for row in gateway.rows("llm_budget")}
    return {owners[row["budget_id"]]: (row["spent"], row["reserved"]) for row in gateway.rows("llm_budgetwindow")}


def tell(name: str, course: Course) -> None:
    """A line of the table for each key."""
    health = max(said.seconds for said in course.health)
    words = ", ".join(sorted(course.words(course.left, course.returned)))
    for key in RATES:
        statuses = dict(sorted(Counter(one.status for one in course.away(key)).items(), key=str))
        late = added(course, key) * 1000
        print(f"| {name} | {key} | {statuses} | {late:+.0f} ms | {normal_after(course, key):.1f} s | ", end="")
        print(f"{health * 1000:.0f} ms | {words} |")


def normal_after(course: Course, key: str) -> float:
    """Seconds from the return to the last answer that was not as before; a purse that is empty stays so."""
    before = {one.status for one in course.well(key)} | ({429} if key == "poor" else set())
    others = [one.began for one in course.outcomes[key] if one.began >= course.returned and one.status not in before]
    return max(others, default=course.returned) - course.returned


def added(course: Course, key: str) -> float:
    """Seconds that a hundredth of the answers took longer while something was away, to a hundredth of the others."""
    usual = max(percentile(outcomes, 0.99) for outcomes in (course.well(key), course.back(key)))
    answered = [one for one in course.away(key) if one.status != 503]
    return percentile(answered, 0.99) - usual if answered else 0.0

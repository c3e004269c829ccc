"""Every case asked once: what the client saw, what the books say, and what the vendor was asked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import httpx2

from llm.call import public_id
from tests.faults.house import CASES, KEY, Case
from tests.llm.surfaces.house import NATIVE, frames, plain
from tests.services import wait_until
from tests.serving import Serving
from tests.upstream import Upstream

QUICK_AT_ONCE = 8
SECONDS = 60.0


@dataclass(slots=True, frozen=True)
class Seen:
    """By the client: the status, the code of an error, also of one in a stream that had begun, and its Retry-After."""

    case: Case
    id: str
    status: int
    code: str | None
    again: str | None


@dataclass(slots=True, frozen=True)
class Outcome:
    """`row` is the call's in the books; `asked` counts the vendor's requests with its id, by the name they asked."""

    seen: Seen
    row: dict[str, Any]
    asked: Counter[str]

    @property
    def case(self) -> Case:
        return self.seen.case

    @property
    def made(self) -> list[dict[str, Any]]:
        """The attempts but for those that never were."""
        return [attempt for attempt in self.row["attempts"] if attempt["outcome"] != "skipped"]

    @property
    def tries(self) -> int:
        """Of the route that fails."""
        return sum(attempt["provider"] == self.case.provider for attempt in self.made)

    @property
    def arrived(self) -> int:
        """Those of them that the vendor heard."""
        return self.asked[self.case.upstream_model]


def outcomes(gateway: Serving, upstream: Upstream) -> list[Outcome]:
    """Of all cases. Those that only take time are asked all at once."""
    slow = [case for case in CASES if case.fault.slow]
    quick = [case for case in CASES if not case.fault.slow]
    limits = httpx2.Limits(max_connections=len(slow))
    with httpx2.Client(base_url=gateway.url, timeout=SECONDS, limits=limits) as client:
        seen = [*_asked(client, quick, QUICK_AT_ONCE), *_asked(client, slow, len(slow))]
    assert wait_until(lambda: len(gateway.rows()) >= len(seen), 10)
    rows = {public_id(row["id"]): plain(row) for row in gateway.rows()}
    assert rows.keys() == {one.id for one in seen}
    asked: dict[str | None, Counter[str]] = {}
    for received in upstream.received:
        asked.setdefault(received.id, Counter())[received.model or ""] += 1
    assert asked.keys() <= rows.keys()
    return [Outcome(one, rows[one.id], asked.get(one.id, Counter())) for one in seen]


def _asked(client: httpx2.Client, cases: Iterable[Case], at_once: int) -> list[Seen]:
    with ThreadPoolExecutor(at_once) as pool:
        return list(pool.map(lambda case: _ask(client, case), cases))


def _ask(client: httpx2.Client, case: Case) -> Seen:
    answer = client.post(NATIVE, json=case.question, headers={"authorization": f"Bearer {KEY}"})
    events = frames(answer.text) if answer.headers["content-type"].startswith("text/event-stream") else []
    name, last = events[-1] if events else ("", answer.json())
    code = last["error"]["code"] if "error" in last else None
    assert code or name == ("done" if events else "")
    return Seen(case, answer.headers["x-request-id"], answer.status_code, code, answer.headers.get("retry-after"))

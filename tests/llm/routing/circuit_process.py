"""A process with circuits of its own, asked line by line on its standard input; answers are JSON lines.

`fail`, `reset` and `state`, of one route that all such processes share.
"""

from __future__ import annotations

import json
import sys

from llm.call import SystemClock
from llm.errors import ProviderBroken
from llm.registry import ProviderSpec, RouteSpec
from llm.routing import news

ROUTE = RouteSpec(7, ProviderSpec(id=1, name="one", kind="openai"), "m")


def main(url: str, key: str) -> None:
    news.KEY = key
    clock = SystemClock()
    circuits = news.SharedCircuits(url, clock)
    circuits.start()
    for line in sys.stdin:
        circuit, now = circuits.of(ROUTE), clock.monotonic()
        match line.strip():
            case "fail":
                circuit.fail(now, ProviderBroken("down"), on_trial=circuit.enter(now))
            case "reset":
                circuits.reset(ROUTE.id)
        print(json.dumps([circuit.state(clock.monotonic()), circuit.last.why]), flush=True)
    circuits.stop()


if __name__ == "__main__":
    main(*sys.argv[1:])

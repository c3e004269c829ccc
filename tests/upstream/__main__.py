"""The fake vendor as a process: `python -m tests.upstream --port N`, until SIGTERM or SIGINT."""

from __future__ import annotations

import argparse
import signal
from pathlib import Path

from tests.upstream import Upstream
from tests.upstream.naming import table


def main() -> None:
    parser = argparse.ArgumentParser(prog="tests.upstream", description="A fake LLM vendor that fails as it is told.")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--latency", type=float, default=0.0, help="seconds before every first byte")
    parser.add_argument("--log", type=Path, help="append the x-client-request-id of every call to this file")
    parser.add_argument("--words", action="store_true", help="print the vocabulary and leave")
    asked = parser.parse_args()
    if asked.words:
        print(table(), end="")
        return
    # Blocked before the thread starts, which inherits it: no signal is lost, and none kills on its own.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT})
    with Upstream(port=asked.port, latency=asked.latency, log=asked.log) as upstream:
        print(f"upstream on {upstream.base_url}", flush=True)
        signal.sigwait({signal.SIGTERM, signal.SIGINT})


if __name__ == "__main__":
    main()

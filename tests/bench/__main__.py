"""`python -m tests.bench`: CPU per request as a ratio to the floor, added latency, a thousand streams, memory, sockets.

With BENCH=FOLDER the load and the vendor are the programs in that folder (Go, cheaper than ours); needs `go`.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Coroutine
from pathlib import Path
from statistics import median
from typing import Any

from tests.bench.house import House, house
from tests.bench.load import Aim, Seen, load, percentile, request
from tests.bench.sockets import AT_ONCE, idle, streams_beside, talk
from tests.services import free_port

TICKS = os.sysconf("SC_CLK_TCK")
PATHS = {"openai": "/v1/chat/completions", "anthropic": "/v1/messages"}
NATIVE = "/api/v1/generate/"
WATCHED = 60.0
"""Seconds in which every socket is pinged twice."""
SETTLE = 5.0
"""Seconds until what opening them took is over."""


def cpu_seconds(pid: int) -> float:
    """User and system time of a process and its children so far (Linux)."""
    total = 0.0
    for task in [pid, *_children(pid)]:
        fields = Path(f"/proc/{task}/stat").read_text().rsplit(")", 1)[1].split()
        total += (int(fields[11]) + int(fields[12])) / TICKS
    return total


def _children(pid: int) -> list[int]:
    listed = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [child for each in listed for child in (int(each), *_children(int(each)))]


def resident_megabytes(pid: int) -> float:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) / 1024


class Bench:
    """One house, and the tools that load it: ours, or the Go ones. `path` is of the dialect spoken on both sides; with
    `prompt` the gateway is asked for a kept one."""

    def __init__(self, built: House, tool: str | None, path: str, *, prompt: bool = False) -> None:
        self.house, self.tool, self.path, self.prompt = built, tool, path, prompt

    def cpu(self, *, gateway: bool, stream: bool, clients: int, seconds: float) -> tuple[float, str]:
        """CPU milliseconds for one request."""
        base, pid = (
            (self.house.gateway, self.house.gateway_pid) if gateway else (self.house.floor, self.house.floor_pid)
        )
        if self.tool:
            asked = request(base + self.path, stream, prompt=gateway and self.prompt)
            result = self.go(base + self.path, pid, asked, clients=clients, seconds=seconds)
            said = f"{result['requests']} requests, errors {result['errors']}, p50 {result['p50_ms']:.1f} ms"
            return float(result["cpu_ms_per_request"]), f"{said} {result.get('first_error', '')}"
        aim = Aim(base + self.path, self.house.key, stream, prompt=gateway and self.prompt)
        asyncio.run(load(aim, clients=clients, seconds=1))
        before = cpu_seconds(pid)
        seen = asyncio.run(load(aim, clients=clients, seconds=seconds))
        used = (cpu_seconds(pid) - before) * 1000 / max(len(seen.latencies), 1)
        return used, f"{len(seen.latencies)} requests, failed {len(seen.failed)}"

    def go(self, url: str, pid: int, asked: str, *, clients: int, seconds: float) -> dict[str, Any]:
        """What the Go load saw."""
        command = ["taskset", "-c", "0", str(self.tool), "load", "-c", str(clients), "-d", f"{seconds}s"]
        command += ["-pid", str(pid), "-url", url, "-H", f"Authorization: Bearer {self.house.key}"]
        command += ["-body", asked]
        done = subprocess.run(
            [*command, *(["-stream"] if json.loads(asked)["stream"] else [])], stdout=subprocess.PIPE, check=False
        )
        result: dict[str, Any] = json.loads(done.stdout)
        return result


def cpu(bench: Bench, options: argparse.Namespace) -> None:
    """Floor and gateway in turn; the ratio of each pair counts."""
    for stream in (False, True):
        ratios = []
        for _ in range(options.rounds):
            floor, _said = bench.cpu(gateway=False, stream=stream, clients=options.clients, seconds=options.seconds)
            ours, said = bench.cpu(gateway=True, stream=stream, clients=options.clients, seconds=options.seconds)
            ratios.append(ours / floor)
            name = "stream" if stream else "JSON"
            print(f"{name}: floor {floor:.3f} ms, gateway {ours:.3f} ms, ratio {ours / floor:.2f} ({said})", flush=True)
        print(f"{name}: median ratio {median(ratios):.2f}", flush=True)


def latency(bench: Bench, options: argparse.Namespace) -> None:
    """One client, in turn straight to the vendor and through the gateway."""
    straight: list[float] = []
    through: list[float] = []
    for _ in range(options.rounds):
        for url, seen in (
            (bench.house.upstream.removesuffix("/v1") + bench.path, straight),
            (bench.house.gateway + bench.path, through),
        ):
            seen += asyncio.run(load(Aim(url, bench.house.key), clients=1, seconds=options.seconds)).latencies
    added = median(through) - median(straight)
    print(f"straight p50 {median(straight):.2f} ms, through {median(through):.2f} ms, added {added:.2f} ms")


def streams(bench: Bench, options: argparse.Namespace) -> None:
    """So many streams at once."""
    url, pid = bench.house.gateway + bench.path, bench.house.gateway_pid
    if bench.tool:
        result = bench.go(url, pid, request(url, True), clients=options.clients, seconds=options.seconds)
        print(json.dumps(result))
    else:
        seen = asyncio.run(load(Aim(url, bench.house.key, True), clients=options.clients, requests=options.clients))
        gaps = [gap for gap in seen.gaps if gap > 0]
        print(f"{len(seen.latencies)} streams, failed {len(seen.failed)}, gaps p50 {median(gaps):.0f} ms")
        print(f"gaps p99 {percentile(gaps, 0.99):.0f} ms")
    print(f"resident {resident_megabytes(pid):.0f} MB")


def soak(bench: Bench, options: argparse.Namespace) -> None:
    """Memory over many requests, in ten steps."""
    aim = Aim(bench.house.gateway + bench.path, bench.house.key)
    for step in range(11):
        print(
            f"after {step * options.requests // 10}: {resident_megabytes(bench.house.gateway_pid):.0f} MB", flush=True
        )
        if step < 10:
            asyncio.run(load(aim, clients=16, requests=options.requests // 10))


def answers(bench: Bench, options: argparse.Namespace) -> None:
    """CPU of an answer of 50 chunks as server-sent events and over a socket, in turn."""
    aim, pid = Aim(bench.house.gateway + NATIVE, bench.house.key, True, "words-50"), bench.house.gateway_pid
    for _ in range(options.rounds):
        for name in ("events", "socket"):
            asyncio.run(_asked(name, aim, options.clients, 1))
            before = cpu_seconds(pid)
            seen = asyncio.run(_asked(name, aim, options.clients, options.seconds))
            used = (cpu_seconds(pid) - before) * 1000 / max(len(seen.latencies), 1)
            print(f"{name}: {used:.3f} ms ({len(seen.latencies)} answers, failed {len(seen.failed)})", flush=True)


def _asked(name: str, aim: Aim, clients: int, seconds: float) -> Coroutine[Any, Any, Seen]:
    return (load if name == "events" else talk)(aim, clients=clients, seconds=seconds)


def sockets(bench: Bench, options: argparse.Namespace) -> None:
    """Idle sockets: memory, CPU of their pings, and the gaps of 50 streams without and with them."""
    asyncio.run(_sockets(bench, options.sockets))


async def _sockets(bench: Bench, count: int) -> None:
    aim, pid = Aim(bench.house.gateway + NATIVE, bench.house.key, True, "words-200+gap-100ms"), bench.house.gateway_pid
    async with idle(aim, AT_ONCE):
        alone = await streams_beside(aim, 50)
    await asyncio.sleep(SETTLE)
    before = resident_megabytes(pid)
    async with idle(aim, count):
        await asyncio.sleep(SETTLE)
        each = (resident_megabytes(pid) - before) * 1024 / count
        print(f"{count} sockets: {each:.1f} KB each ({before:.0f} MB before)", flush=True)
        used = cpu_seconds(pid)
        await asyncio.sleep(WATCHED)
        used = (cpu_seconds(pid) - used) / (WATCHED)
        print(f"silent: {used * 100:.1f} % of a core", flush=True)
        beside = await streams_beside(aim, 50)
    for name, gaps in (("alone", alone), ("beside the sockets", beside)):
        print(f"50 streams {name}: gaps p50 {median(gaps):.0f} ms, p99 {percentile(gaps, 0.99):.0f} ms", flush=True)


WHAT: dict[str, Callable[[Bench, argparse.Namespace], None]] = {
    "cpu": cpu,
    "latency": latency,
    "streams": streams,
    "soak": soak,
    "answers": answers,
    "sockets": sockets,
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("what", choices=WHAT, nargs="?", default="cpu")
    parser.add_argument("--clients", type=int, default=16)
    parser.add_argument("--seconds", type=float, default=6)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--requests", type=int, default=50_000)
    parser.add_argument("--sockets", type=int, default=10_000, help="that are idle")
    parser.add_argument("--dialect", choices=PATHS, default="openai", help="of clients and vendor")
    parser.add_argument("--metered", action="store_true", help="with limits all around and a hard budget")
    parser.add_argument("--prompt", action="store_true", help="asked for a kept prompt of twenty variables")
    parser.add_argument("--gap", default="0ms", help="between the chunks of a stream")
    options = parser.parse_args()
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        tool = _built(os.environ["BENCH"], folder) if os.environ.get("BENCH") else None
        vendor = (
            [tool, "upstream", "-addr", f"127.0.0.1:{port}", "-gap", options.gap]
            if tool
            else [sys.executable, "-m", "tests.upstream", "--port", str(port)]
        )
        path = PATHS[options.dialect]
        with house(vendor, port, path=path, metered=options.metered) as built:
            WHAT[options.what](Bench(built, tool, path, prompt=options.prompt), options)


def _built(source: str, folder: str) -> str:
    program = f"{folder}/gatebench"
    subprocess.run(["go", "build", "-o", program, "."], cwd=source, check=True)
    return program


if __name__ == "__main__":
    main()

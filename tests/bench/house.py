"""A gateway set up as in production, on one core, beside the floor and a vendor on the other."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2

from config import env
from llm.vault import new_key
from tests import services
from tests.databases import migrated_postgres
from tests.services import free_port

REGISTRY = """
providers:
  - {{name: bench, kind: openai, base_url: "{upstream}", api_key: sk-bench, timeout: 120, first_token_timeout: 60}}
  - {{name: claude, kind: anthropic, base_url: "{upstream}", api_key: sk-bench, timeout: 120, first_token_timeout: 60}}
models:
  - name: gpt-4o-mini
    capabilities: [streaming, tools, vision]
    context_window: 128000
    routes: [{{provider: bench, upstream_model: gpt-4o-mini, input_price: "0.15", output_price: "0.60"}}]
  - {{name: words-50, routes: [{{provider: bench, upstream_model: words-50}}]}}
  - {{name: words-200+gap-100ms, routes: [{{provider: bench, upstream_model: words-200+gap-100ms}}]}}
  - name: claude-haiku-4-5
    capabilities: [streaming, tools, vision]
    context_window: 200000
    routes: [{{provider: claude, upstream_model: claude-haiku-4-5, input_price: "1", output_price: "5"}}]
organisations:
  - {{name: acme}}
keys:
  - name: bench
    organisation: acme
    key: "{key}"
    requests_per_minute: 1000000
    scopes: [generate, prompts.write, prompts.publish]
"""
METERED = """
providers:
  - {{name: bench, kind: openai, base_url: "{upstream}", api_key: sk-bench, timeout: 120, first_token_timeout: 60,
     requests_per_minute: 1000000, tokens_per_minute: 1000000000, max_concurrency: 10000}}
organisations:
  - {{name: acme, requests_per_minute: 1000000, tokens_per_minute: 1000000000, max_concurrency: 10000}}
keys:
  - name: bench
    organisation: acme
    key: "{key}"
    requests_per_minute: 1000000
    tokens_per_minute: 1000000000
    max_concurrency: 10000
    budgets: [{{scope: key, amount: "1000000"}}]
"""
"""On top: all limits of key, organisation and provider, and a hard budget."""
VARIABLES = [f"field_{number}" for number in range(20)]
PROMPT: dict[str, Any] = {
    "prompts": [
        {
            "name": "bench",
            "versions": [
                {
                    "messages": [
                        {"role": "system", "content": "Be {{ field_0 }}. " + "Know {{ field_1 }}. " * 3},
                        {"role": "user", "content": "\n".join(f"{name}: {{{{ {name} }}}}" for name in VARIABLES)},
                    ],
                    "variables": [{"name": name, "type": "string", "max_length": 200} for name in VARIABLES],
                    "options": {"temperature": 0.5},
                }
            ],
            "labels": {"production": {"version": 1}},
        }
    ]
}
"""A prompt of twenty variables."""


@dataclass(frozen=True)
class House:
    gateway: str
    gateway_pid: int
    floor: str
    floor_pid: int
    upstream: str
    key: str


@contextmanager
def process(command: list[str], *, cpu: int, port: int, environment: dict[str, str]) -> Iterator[int]:
    """A process pinned to one core, ready once its port answers; ended with the block."""
    child = subprocess.Popen(["taskset", "-c", str(cpu), *command], env={**os.environ, **environment}, cwd=env.ROOT)
    try:
        _await_port(port, child)
        yield child.pid
    finally:
        child.terminate()
        child.wait(timeout=60)


def _await_port(port: int, child: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and child.poll() is None:
        with closing(socket.socket()) as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise SystemExit(f"Nothing listens on port {port}.")


@contextmanager
def house(upstream_command: list[str], upstream_port: int, *, path: str, metered: bool) -> Iterator[House]:
    """PostgreSQL and Redis on, one worker; the vendor and the load generator share the other core.

    `path` is where the floor asks the vendor.
    """
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        upstream = f"http://127.0.0.1:{upstream_port}/v1"
        settings = {
            "GATEHOUSE_VAR": str(folder),
            "DATABASE_URL": stack.enter_context(migrated_postgres()),
            "REDIS_URL": services.redis(),
            "UPSTREAM": f"http://127.0.0.1:{upstream_port}{path}",
            "ALLOWED_PRIVATE_HOSTS": "127.0.0.1",
            "SOCKETS_PER_KEY": "100000",
        }
        key = new_key()
        for registry in (REGISTRY, METERED) if metered else (REGISTRY,):
            _apply(registry.format(upstream=upstream, key=key), settings)
        ports = free_port(), free_port()
        stack.enter_context(process(upstream_command, cpu=0, port=upstream_port, environment={}))
        serve = [sys.executable, "manage.py", "serve", "--port", str(ports[0])]
        gateway = stack.enter_context(process(serve, cpu=1, port=ports[0], environment=settings))
        floor = [sys.executable, "-m", "uvicorn", "tests.bench.floor:app", "--port", str(ports[1]), "--no-access-log"]
        floor_pid = stack.enter_context(process(floor, cpu=1, port=ports[1], environment=settings))
        _import(f"http://127.0.0.1:{ports[0]}/api/v1/prompts/import/", key)
        yield House(f"http://127.0.0.1:{ports[0]}", gateway, f"http://127.0.0.1:{ports[1]}", floor_pid, upstream, key)


def _apply(registry: str, settings: dict[str, str]) -> None:
    command = [sys.executable, "manage.py", "apply_registry", "-"]
    environment = {**os.environ, **settings}
    subprocess.run(
        command, env=environment, cwd=env.ROOT, input=registry, text=True, check=True, stdout=subprocess.DEVNULL
    )


def _import(address: str, key: str) -> None:
    httpx2.post(address, json=PROMPT, headers={"authorization": f"Bearer {key}"}, timeout=60).raise_for_status()

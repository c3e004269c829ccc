"""How fast and how dear a model is, measured through the gateway."""

from __future__ import annotations

import json
import sys
import time
from argparse import ArgumentTypeError, RawDescriptionHelpFormatter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from llm.bridge import bridge
from llm.errors import GatewayError
from llm.management.key_file import read_key
from llm.management.measuring import Estimate, Plan, Sample, estimate, measured, report
from llm.prices import dollars
from llm.surfaces import python
from llm.types import JsonObject

PROMPT = "Write ten short sentences about gatehouses."


class Command(BaseCommand):
    help = """Examples:
  manage.py benchmark --model echo
  manage.py benchmark --model gpt-4o-mini --requests 50 --concurrency 10
  manage.py benchmark --provider openai --max-tokens 64 --yes --json | jq .first_token_ms

Asks the same question many times and says how long the first token, the whole answer and each token took. Nothing
comes from the cache, and no fallback answers. What it may cost is said first, and agreed to unless --yes is given.
Figures go to standard output, all else to standard error; ends with 1 if it did not begin or a request failed."""

    def create_parser(self, *args: Any, **kwargs: Any) -> CommandParser:
        return super().create_parser(*args, formatter_class=RawDescriptionHelpFormatter, **kwargs)

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--model", metavar="M", help="default: the provider's default model, else the default one")
        parser.add_argument("--provider", metavar="P", help="ask this provider alone")
        parser.add_argument("--requests", metavar="N", type=_within(100_000), default=20, help="default: 20")
        parser.add_argument("--concurrency", metavar="N", type=_within(1_000), default=4, help="at once; default: 4")
        parser.add_argument("--prompt", metavar="TEXT", default=PROMPT, help=f"default: {PROMPT}")
        parser.add_argument("--max-tokens", metavar="N", type=_within(1_000_000), default=128, help="default: 128")
        parser.add_argument(
            "--key-file", metavar="FILE", type=Path, default=settings.VAR / "demo-key", help="default: var/demo-key"
        )
        parser.add_argument("--yes", action="store_true", help="spend without asking")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *, key_file: Path, yes: bool, json: bool, **options: Any) -> None:
        plan, key = _plan(options), read_key(key_file)
        try:
            expected = bridge().run(estimate(plan, key))
            self.stderr.write(_warning(plan, expected))
            if not yes and expected.cost != 0:
                self._agree()
            began = time.monotonic()
            samples = bridge().run(measured(plan, key, each=self._dot))
        except GatewayError as error:
            raise CommandError(" ".join(filter(None, (error.message, error.hint)))) from None
        finally:
            python.close()
        self.stderr.write("")
        told = report(plan, expected.model, samples, time.monotonic() - began)
        self.stdout.write(_as_json(told) if json else _table(told))
        if told["errors"]:
            sys.exit(1)

    def _agree(self) -> None:
        if not sys.stdin.isatty():
            raise CommandError("Nobody is there to agree to that: give --yes.")
        self.stderr.write("Go on? [y/N] ", ending="")
        self.stderr.flush()
        if sys.stdin.readline().strip().lower() not in ("y", "yes"):
            raise CommandError("Nothing was asked, nothing was spent.")

    def _dot(self, sample: Sample) -> None:
        self.stderr.write("." if sample.error is None else "x", ending="")
        self.stderr.flush()


def _within(most: int) -> Callable[[str], int]:
    def read(said: str) -> int:
        if not said.isdecimal() or not 1 <= int(said) <= most:
            raise ArgumentTypeError(f"must be a whole number from 1 to {most:,}")
        return int(said)

    return read


def _plan(options: dict[str, Any]) -> Plan:
    request: JsonObject = {
        "messages": [{"role": "user", "content": options["prompt"]}],
        "options": {"max_tokens": options["max_tokens"]},
        "cache": {"mode": "off"},
        "fallbacks": [],
        "metadata": {"purpose": "analysis"},
    }
    named = {name: options[name] for name in ("model", "provider") if options[name] is not None}
    return Plan(request | named, options["requests"], options["concurrency"])


def _warning(plan: Plan, expected: Estimate) -> str:
    price = "an unknown price" if expected.cost is None else f"${dollars(expected.cost)} in all"
    return (
        f"{plan.requests:,} requests to {expected.model}, {plan.concurrency:,} at once, each with about "
        f"{expected.prompt_tokens:,} tokens and up to {plan.most_tokens:,} in the answer: at most {price}."
    )


def _table(told: JsonObject) -> str:
    rows = [
        ("first token", "ms", told["first_token_ms"]),
        ("whole answer", "ms", told["latency_ms"]),
        ("tokens a second", "", told["tokens_per_second"]),
    ]
    errors = ", ".join(f"{count} {code}" for code, count in told["errors"].items()) or "none"
    paid = "price unknown" if told["cost"] is None else f"${told['cost']}"
    lines = [f"{'':18}{'p50':>12}{'p95':>12}"]
    lines += [f"{name:18}{_cell(figures['p50']):>12}{_cell(figures['p95']):>12} {unit}" for name, unit, figures in rows]
    lines += [f"{told['requests']} requests in {told['seconds']} s, {told['completion_tokens']:,} tokens, {paid}"]
    return "\n".join(line.rstrip() for line in [*lines, f"errors: {errors}"])


def _cell(value: float | None) -> str:
    return "-" if value is None else f"{value:,.1f}"


def _as_json(told: JsonObject) -> str:
    return json.dumps(told)

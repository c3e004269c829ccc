"""A conversation in the terminal: the answer as it comes, then what it took."""

from __future__ import annotations

import json
import sys
from argparse import RawDescriptionHelpFormatter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from llm.errors import GatewayError
from llm.management.key_file import read_key
from llm.surfaces import python
from llm.types import JsonObject

PROMPT = "> "


class Command(BaseCommand):
    help = """Examples:
  manage.py chat "What is a gatehouse?"
  manage.py chat --model gpt-4o-mini --provider openai
  git diff | manage.py chat --system "Review this change." --key-file ~/.gatehouse-key

Without a message, each line that is typed is a turn of one conversation; an empty line or Ctrl-D ends it.
The answer goes to standard output; tokens, cost and times to standard error."""

    def create_parser(self, *args: Any, **kwargs: Any) -> CommandParser:
        return super().create_parser(*args, formatter_class=RawDescriptionHelpFormatter, **kwargs)

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("message", metavar="MESSAGE", nargs="?", help="default: what is typed or piped in")
        parser.add_argument("--model", metavar="M", help="default: the default model")
        parser.add_argument("--provider", metavar="P", help="ask this provider alone")
        parser.add_argument("--system", metavar="TEXT", help="instructions that come first")
        parser.add_argument("--max-tokens", metavar="N", type=int, help="bound of the answer")
        parser.add_argument("--key-file", metavar="FILE", type=Path, default=settings.VAR / "demo-key")
        parser.add_argument("--json", action="store_true", help="print whole answers as JSON lines")

    def handle(self, *, message: str | None, key_file: Path, **options: Any) -> None:
        key = read_key(key_file)
        said: list[JsonObject] = []
        if options["system"]:
            said.append({"role": "system", "content": options["system"]})
        try:
            for question in [message] if message else self._typed():
                said.append({"role": "user", "content": question})
                answer = self._ask(_request(said, options), key, as_json=options["json"])
                said.append({"role": "assistant", "content": answer["content"]})
        finally:
            python.close()

    def _typed(self) -> Iterator[str]:
        """Lines at a terminal; all that is piped in as one message elsewhere."""
        if not sys.stdin.isatty():
            if piped := sys.stdin.read().strip():
                yield piped
            return
        while line := self._line():
            yield line

    def _line(self) -> str:
        self.stderr.write(PROMPT, ending="")
        self.stderr.flush()
        return sys.stdin.readline().strip()

    def _ask(self, request: JsonObject, key: str, *, as_json: bool) -> JsonObject:
        answer: JsonObject = {}
        try:
            for piece in python.stream(request, key=key):
                if "done" in piece:
                    answer = piece
                elif not as_json:
                    self.stdout.write(piece["delta"], ending="")
                    self.stdout.flush()
        except GatewayError as error:
            raise CommandError(" ".join(filter(None, (error.message, error.hint)))) from None
        self.stdout.write(json.dumps(answer) if as_json else "")
        self.stderr.write(_account(answer))
        return answer


def _request(messages: list[JsonObject], options: dict[str, Any]) -> JsonObject:
    asked = {"messages": messages, "model": options["model"], "provider": options["provider"]}
    if options["max_tokens"] is not None:
        asked["options"] = {"max_tokens": options["max_tokens"]}
    return {name: value for name, value in asked.items() if value is not None}


def _account(answer: JsonObject) -> str:
    usage, cost = answer["usage"], answer["cost"]
    counted = "about " if usage["estimated"] else ""
    return " · ".join(
        [
            f"{answer['model']} from {answer['provider']}",
            f"{counted}{usage['prompt_tokens']} + {usage['completion_tokens']} tokens",
            "price unknown" if cost is None else f"${cost}",
            f"first token {answer['first_token_ms']} ms",
            f"{answer['latency_ms']} ms",
            *answer["metadata"]["warnings"],
        ]
    )

"""A process with a catalog of its own, asked line by line on its standard input; answers are JSON lines."""

from __future__ import annotations

import asyncio
import json
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

import django

django.setup()

from django.core.management import call_command  # noqa: E402  # Django first

from llm.call import Caller  # noqa: E402  # as above
from llm.catalog import Catalog  # noqa: E402  # as above
from llm.errors import Unavailable  # noqa: E402  # as above
from llm.models import ApiKey, Model, Organisation  # noqa: E402  # as above

CATALOG = Catalog()


def known(key: str) -> str | None:
    return _name(CATALOG.known(key))


def lookup(key: str) -> str | None:
    try:
        return _name(asyncio.run(CATALOG.lookup(key)))
    except Unavailable:
        return "unavailable"


def storm(count: str) -> dict[str, Any]:
    """As many unknown keys at once; says how they fared and how many threads that took."""

    async def all_at_once() -> list[Any]:
        return await asyncio.gather(
            *(CATALOG.lookup(f"gh_{count}-{number}") for number in range(int(count))), return_exceptions=True
        )

    outcomes = asyncio.run(all_at_once())
    unavailable = sum(isinstance(outcome, Unavailable) for outcome in outcomes)
    return {"unavailable": unavailable, "none": outcomes.count(None), "threads": threading.active_count()}


def models(_: str) -> list[str]:
    return sorted(CATALOG.snapshot().models)


def fresh_models(_: str) -> list[str]:
    return sorted(asyncio.run(CATALOG.fresh_snapshot()).models)


def reachable(_: str) -> bool:
    return CATALOG.is_reachable()


def migrate(_: str) -> None:
    call_command("migrate", verbosity=0, skip_checks=True)


def create_key(name: str) -> str:
    organisation, _ = Organisation.objects.get_or_create(name="acme")
    return ApiKey.issue(name, organisation)[1]


def disable_key(name: str) -> None:
    key = ApiKey.objects.get(name=name)
    key.disabled = True
    key.save()


def add_model(name: str) -> None:
    Model.objects.create(name=name)


def _name(caller: Caller | None) -> str | None:
    return caller.key_name if caller else None


COMMANDS: dict[str, Callable[[str], Any]] = {
    command.__name__: command
    for command in (known, lookup, storm, models, fresh_models, reachable, migrate, create_key, disable_key, add_model)
}

if __name__ == "__main__":
    for line in sys.stdin:
        command, _, argument = line.strip().partition(" ")
        began = time.monotonic()
        answer = COMMANDS[command](argument)
        print(json.dumps({"answer": answer, "seconds": time.monotonic() - began}), flush=True)
    CATALOG.stop()

"""A start on one's own machine: a prepared database, the address, a way into the admin, a key, a line to paste."""

from __future__ import annotations

import io
import json
import os
import secrets
import threading

from django.conf import settings
from django.core.management import call_command
from django.db import connections

from config import after, entry
from llm import vault, welcome
from llm.models import ApiKey
from llm.models.keyring import Keyring

BANNER = """
  Gatehouse is up.

    Address  {url}/
    Admin    {url}{admin}
             (works once, within {minutes} minutes)
    Key      {key}
             (kept in {kept})

  Try it:

curl -N {url}/api/v1/generate/ -H "Authorization: Bearer {key}" -H "Content-Type: application/json" -d '{body}'
"""
BODY = {"model": "echo", "messages": [{"role": "user", "content": "Hello from the gatehouse"}], "stream": True}
KEPT = settings.VAR / "demo-key"


def open_doors(host: str, port: int) -> None:
    """Prepares the database at once, and prints the banner as soon as the port answers."""
    call_command("migrate", verbosity=0, interactive=False)
    entry.verify()
    call_command("bootstrap", stdout=io.StringIO())
    threading.Thread(target=_greet, args=(port, banner(f"http://{host}:{port}")), daemon=True).start()
    connections.close_all()


def _greet(port: int, text: str) -> None:
    if after.wait_for(port):
        print(text, flush=True)  # noqa: T201  # this is what a person is waiting for


def banner(url: str) -> str:
    return BANNER.format(
        url=url,
        admin=welcome.path_for(welcome.administrator()),
        minutes=welcome.MINUTES,
        key=key(),
        kept=os.path.relpath(KEPT),
        body=json.dumps(BODY),
    )


def key() -> str:
    """The kept key if this database knows it, else a new one."""
    kept = KEPT.read_text().strip() if KEPT.exists() else ""
    if kept and ApiKey.objects.filter(digest=vault.digest(kept, Keyring.pepper())).exists():
        return kept
    made = _new_key()
    with os.fdopen(os.open(KEPT, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as handle:
        handle.write(f"{made}\n")
    return made


def _new_key() -> str:
    name = f"demo-{secrets.token_hex(3)}" if ApiKey.objects.filter(name="demo").exists() else "demo"
    said = io.StringIO()
    call_command("create_key", name, "--json", stdout=said, stderr=io.StringIO())
    return str(json.loads(said.getvalue())["key"])

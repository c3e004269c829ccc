"""A new gateway key, shown once."""

from __future__ import annotations

import json
from argparse import RawDescriptionHelpFormatter
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser

from llm.management.organisations import named_organisation
from llm.models import ApiKey


class Command(BaseCommand):
    help = """Examples:
  manage.py create_key frontend
  manage.py create_key frontend --organisation acme --json
  manage.py create_key nightly > key.txt

Prints the key, which is shown this once and stored only as a digest."""

    def create_parser(self, *args: Any, **kwargs: Any) -> CommandParser:
        return super().create_parser(*args, formatter_class=RawDescriptionHelpFormatter, **kwargs)

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", metavar="NAME", help="the key's name, once in an organisation")
        parser.add_argument("--organisation", metavar="O", help="default: the only one, else demo")
        parser.add_argument("--json", action="store_true", help='print {"id", "name", "key"}')

    def handle(self, *, name: str, organisation: str | None, json: bool, **_: Any) -> None:
        owner = named_organisation(organisation)
        try:
            key, secret = ApiKey.issue(name, owner)
        except ValidationError as error:
            raise CommandError(f"No key {name!r} for {owner}: {' '.join(error.messages)}") from None
        self.stdout.write(_as_json(key, secret) if json else secret)
        self.stderr.write(f"Key {key.name} of {owner}. It is shown this once: keep it now.")


def _as_json(key: ApiKey, secret: str) -> str:
    return json.dumps({"id": key.pk, "name": key.name, "key": secret})

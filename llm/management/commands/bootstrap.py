"""The first rows of a database: the echo provider, and every vendor whose key the environment holds."""

from __future__ import annotations

from argparse import RawDescriptionHelpFormatter
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from llm import registry_file, vendors
from llm.models import Keyring


class Command(BaseCommand):
    help = """Examples:
  manage.py migrate && manage.py bootstrap
  OPENAI_API_KEY=... manage.py bootstrap

Adds what is missing and changes nothing that is there, so that it may run at every start."""

    def create_parser(self, *args: Any, **kwargs: Any) -> CommandParser:
        return super().create_parser(*args, formatter_class=RawDescriptionHelpFormatter, **kwargs)

    def handle(self, **_: Any) -> None:
        Keyring.load()
        refused = [vendor for vendor, document in vendors.missing() if not self._add(vendor, document)]
        if refused:
            raise CommandError(f"Left out: {', '.join(refused)}.")

    def _add(self, vendor: str, document: registry_file.Document) -> bool:
        try:
            outcome = registry_file.apply(document)
        except registry_file.Refused as problems:
            self.stderr.write(f"{vendor}: {problems}")
            return False
        for change in outcome.changes:
            self.stdout.write(str(change))
        return True

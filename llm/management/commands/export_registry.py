"""The database as a registry file."""

from __future__ import annotations

from argparse import RawDescriptionHelpFormatter
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from llm import registry_file


class Command(BaseCommand):
    help = """Examples:
  manage.py export_registry > registry.yaml
  manage.py export_registry | diff registry.yaml -

Writes providers, models, organisations and keys without their secrets; applying it again changes nothing."""

    def create_parser(self, *args: Any, **kwargs: Any) -> CommandParser:
        return super().create_parser(*args, formatter_class=RawDescriptionHelpFormatter, **kwargs)

    def handle(self, **_: Any) -> None:
        self.stdout.write(registry_file.export(), ending="")

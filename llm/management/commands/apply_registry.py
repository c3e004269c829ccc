"""A registry file into the database."""

from __future__ import annotations

import sys
from argparse import RawDescriptionHelpFormatter
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from llm import registry_file


class Command(BaseCommand):
    help = """Examples:
  manage.py apply_registry registry.yaml --dry-run    what would change
  manage.py apply_registry registry.yaml              change it, all or nothing
  manage.py export_registry | ssh other manage.py apply_registry -

Objects named in the file become exactly as written, absent fields at their defaults; an absent api_key or key stays as
it is. Unnamed objects stay, unless --prune deletes those of the file's sections."""

    def create_parser(self, *args: Any, **kwargs: Any) -> CommandParser:
        return super().create_parser(*args, formatter_class=RawDescriptionHelpFormatter, **kwargs)

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", metavar="FILE", help="a YAML file, or - for the standard input")
        parser.add_argument("--dry-run", action="store_true", help="say what would change and change nothing")
        parser.add_argument("--prune", action="store_true", help="delete what the file's sections do not name")

    def handle(self, *, file: str, dry_run: bool, prune: bool, **_: Any) -> None:
        try:
            outcome = registry_file.apply(registry_file.parse(_read(file)), prune=prune, dry_run=dry_run)
        except registry_file.Refused as refused:
            raise CommandError(f"Nothing was applied.\n{refused}") from None
        for warning in outcome.warnings:
            self.stderr.write(f"warning: {warning}")
        for change in outcome.changes:
            self.stdout.write(str(change))
        self.stderr.write(_summary(len(outcome.changes), dry_run=dry_run))


def _read(file: str) -> str:
    try:
        return sys.stdin.read() if file == "-" else Path(file).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"{file} cannot be read: {error}") from None


def _summary(changes: int, *, dry_run: bool) -> str:
    if not changes:
        return "Nothing to change."
    what = "1 change" if changes == 1 else f"{changes} changes"
    return f"{what} to make; this was a dry run." if dry_run else f"{what} made."

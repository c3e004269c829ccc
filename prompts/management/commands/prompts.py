"""Prompts in files, for teams who keep them in git."""

from __future__ import annotations

import getpass
import json
from argparse import RawDescriptionHelpFormatter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db.models import QuerySet

from llm.errors import GatewayError
from llm.management.organisations import named_organisation
from llm.models import Organisation
from llm.types import JsonObject
from prompts.management.testing import NotThere, tested
from prompts.models import Prompt
from prompts.transfer import Import
from prompts.transfer.folder import Folder, FolderRefused, pull, push
from prompts.transfer.telling import plain, told
from prompts.writing.authors import Author

ACTIONS = ("pull", "push", "diff", "test")


@dataclass(slots=True, frozen=True)
class Said:
    """The command line."""

    folder: Folder
    organisation: str | None
    shared: bool
    names: list[str] | None
    reason: str | None
    label: str | None
    dry_run: bool
    as_json: bool

    def owner(self) -> Organisation | None:
        return None if self.shared else named_organisation(self.organisation)

    def files(self) -> list[str]:
        """The prompts that are meant, by their files."""
        return self.names if self.names is not None else self.folder.names()

    def prompts(self) -> QuerySet[Prompt]:
        """Raises NotThere for a name that no prompt has."""
        own = Prompt.objects.filter(organisation=self.owner())
        if self.names is None:
            return own
        sayable = [name for name in self.names if "\x00" not in name]
        if missing := set(self.names) - set(own.filter(name__in=sayable).values_list("name", flat=True)):
            raise NotThere(f"There is no prompt {', '.join(map(repr, sorted(missing)))}.")
        return own.filter(name__in=self.names)


class Command(BaseCommand):
    help = """Examples:
  manage.py prompts pull prompts/                     a file for each prompt
  manage.py prompts diff prompts/                     what a push would change, word by word; ends with 1 if anything
  manage.py prompts push prompts/ --dry-run           the same in short
  manage.py prompts push prompts/ --reason "kinder"   all files or none; labels move for this reason
  manage.py prompts test prompts/ --label production  run the examples; ends with 1 unless all pass

A file has the newest version and those that a label means. To change a text, change that of the newest version, and
take out its number or raise it: no version is ever written over."""

    def create_parser(self, *args: Any, **kwargs: Any) -> CommandParser:
        return super().create_parser(*args, formatter_class=RawDescriptionHelpFormatter, **kwargs)

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("action", choices=ACTIONS, help="what to do")
        parser.add_argument("folder", metavar="DIR", help="the folder with the files, NAME.yaml each")
        whose = parser.add_mutually_exclusive_group()
        whose.add_argument("--organisation", metavar="O", help="whose prompts; default: the only one, else demo")
        whose.add_argument("--shared", action="store_true", help="the prompts that all organisations share")
        parser.add_argument("--name", metavar="N", action="append", help="this prompt alone; may be said again")
        parser.add_argument("--reason", metavar="R", help="push: why labels move; default: who pushes")
        parser.add_argument("--label", metavar="L", help="test: the versions of this label instead of the newest")
        parser.add_argument(
            "--dry-run", action="store_true", help="pull and push: say what would change, change nothing"
        )
        parser.add_argument("--json", action="store_true", help="print one JSON list")

    def handle(self, *, action: str, folder: str, **said: Any) -> None:
        asked = Said(
            Folder(Path(folder)),
            said["organisation"],
            said["shared"],
            said["name"],
            said["reason"],
            said["label"],
            said["dry_run"],
            said["json"],
        )
        try:
            failed = getattr(self, f"_{action}")(asked)
        except (FolderRefused, NotThere, GatewayError) as refused:
            raise CommandError(plain(str(refused)), returncode=2 if action == "diff" else 1) from None
        if failed:
            raise SystemExit(1)

    def _pull(self, said: Said) -> None:
        done = list(pull(said.folder, said.prompts(), dry_run=said.dry_run))
        self._say([{"file": f"{name}.yaml", "what": what} for name, what in done], said)
        for name, what in () if said.as_json else done:
            self.stdout.write(f"{name}.yaml is {what}")
        self.stderr.write(_summary(len(done), dry_run=said.dry_run))

    def _push(self, said: Said) -> None:
        changes = push(said.folder, said.files(), self._task(said, dry_run=said.dry_run))
        self._say((change.as_json() for change in changes), said)
        for change in () if said.as_json else changes:
            self.stdout.write(plain(str(change)))
        self.stderr.write(_summary(len(changes), dry_run=said.dry_run))

    def _diff(self, said: Said) -> bool:
        changes = push(said.folder, said.files(), self._task(said, dry_run=True))
        self._say((change.as_json() for change in changes), said)
        for change in () if said.as_json else changes:
            self.stdout.write("\n".join(told(change)))
        self.stderr.write(_summary(len(changes), dry_run=True))
        return bool(changes)

    def _test(self, said: Said) -> bool:
        payer = said.owner() or named_organisation(None)
        wanted = set(said.files())
        prompts = said.prompts().filter(name__in=wanted, archived=False)
        report = tested(prompts, Author(_somebody()), payer, said.label)
        self._say(report.results, said)
        for line in () if said.as_json else report.lines():
            self.stdout.write(plain(line))
        self.stderr.write(report.summary())
        return not report.is_green

    def _task(self, said: Said, *, dry_run: bool) -> Import:
        somebody = Author(_somebody(), may_publish=True, may_secure=True)
        return Import(said.owner(), somebody, reason=said.reason or f"pushed by {somebody.name}", dry_run=dry_run)

    def _say(self, data: Iterable[JsonObject], said: Said) -> None:
        if said.as_json:
            self.stdout.write(json.dumps(list(data), ensure_ascii=False))


def _somebody() -> str:
    """Whoever is signed in on this machine."""
    try:
        return f"{getpass.getuser()[:100]} (command)"
    except (KeyError, OSError):
        return "somebody (command)"


def _summary(changes: int, *, dry_run: bool) -> str:
    if not changes:
        return "Nothing to change."
    what = "1 change" if changes == 1 else f"{changes} changes"
    return f"{what} to make; nothing was changed." if dry_run else f"{what} made."

"""`manage.py doctor`: what is well, what is not, and the mend."""

from __future__ import annotations

import json
import sys
from argparse import RawDescriptionHelpFormatter
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from config.doctor import Finding, examine

MARKS = {"ok": "ok     ", "warning": "warning", "failed": "FAILED "}


class Command(BaseCommand):
    help = """Examples:
  manage.py doctor
  manage.py doctor --json | jq '.[] | select(.state != "ok")'

Looks at database, migrations, secrets, Redis, broker, worker, journal, clocks, settings, providers and webhooks.
Ends with 1 if something has failed; warnings do not count."""

    requires_system_checks = []  # they are a part of what is looked at

    def create_parser(self, *args: Any, **kwargs: Any) -> CommandParser:
        return super().create_parser(*args, formatter_class=RawDescriptionHelpFormatter, **kwargs)

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="print a list of {part, state, said, fix}")

    def handle(self, *, json: bool, **_: Any) -> None:
        findings = []
        for finding in examine():
            findings.append(finding)
            if not json:
                self.stdout.write(_row(finding))
        if json:
            self.stdout.write(_as_json(findings))
        if any(finding.state == "failed" for finding in findings):
            sys.exit(1)


def _row(finding: Finding) -> str:
    fix = f"\n        -> {finding.fix}" if finding.fix and finding.state != "ok" else ""
    return f"{MARKS[finding.state]} {finding.part}: {finding.said}{fix}"


def _as_json(findings: list[Finding]) -> str:
    return json.dumps([asdict(finding) for finding in findings], indent=1)

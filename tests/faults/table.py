"""The table: for every fault what its calls came to, vendors and ways of asking that agree told together."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from tests import manual
from tests.faults.asking import Outcome
from tests.faults.faults import FAULTS, Fault
from tests.faults.house import CASES, Case

PAGE = manual.DOCS / "reference" / "faults.md"
FIRST = f"\n## {next(iter(FAULTS))}\n"
HEAD = ("fault", "asked", "of", "tries", "answer", "row", "tokens", "cost", "second route")
MICRODOLLAR = 1_000_000

Cells = tuple[str, ...]


def told(outcomes: Iterable[Outcome]) -> str:
    """All sections, each with its heading."""
    found = {outcome.case: outcome for outcome in outcomes}
    return "\n".join(f"\n## {title}\n\n{_table(faults, found)}" for title, faults in FAULTS.items())


def written() -> str:
    _, first, rest = PAGE.read_text().partition(FIRST)
    return first + rest


def write(outcomes: Iterable[Outcome]) -> None:
    before = PAGE.read_text().partition(FIRST)[0]
    PAGE.write_text(before + told(outcomes) + "\n")


def _table(faults: Iterable[Fault], found: dict[Case, Outcome]) -> str:
    rows = [cells for fault in faults for cells in _rows(fault, found)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (HEAD, ("---",) * len(HEAD), *rows))


def _rows(fault: Fault, found: dict[Case, Outcome]) -> list[Cells]:
    """One for each way that it went, with whom it went so."""
    ways: dict[Cells, dict[str, list[bool]]] = {}
    for case in CASES:
        if case.fault == fault and not case.spared:
            cells = _cells(found[case], found[Case(fault, fault.vendors[0], case.streamed, spared=True)])
            ways.setdefault(cells, {}).setdefault(case.vendor, []).append(case.streamed)
    return [
        (fault.what, asked, of, *cells) for cells, vendors in ways.items() for asked, of in _with_whom(fault, vendors)
    ]


def _with_whom(fault: Fault, vendors: dict[str, list[bool]]) -> list[tuple[str, str]]:
    """How it was asked, and of whom."""
    manners: dict[str, list[str]] = {}
    for vendor, streamed in vendors.items():
        manners.setdefault("both" if len(streamed) == 2 else "streamed" if streamed[0] else "plain", []).append(vendor)
    return [(asked, "all" if len(of) == len(fault.vendors) > 1 else ", ".join(of)) for asked, of in manners.items()]


def _cells(alone: Outcome, spared: Outcome) -> Cells:
    row = alone.row
    tries = str(alone.tries) if alone.arrived else f"{alone.tries}, none heard"
    second = f"{spared.seen.status}" if spared.row["fallback_used"] else "not asked"
    return tries, _answer(alone), row["status"], _tokens(row), _cost(row["cost"]), second


def _answer(outcome: Outcome) -> str:
    seen = outcome.seen
    code = f" `{seen.code}`" if seen.code else ""
    again = f", again in {_rounded(seen.again)} s" if seen.again else ""
    return f"{seen.status}{', then' if seen.code and seen.status == 200 else ''}{code}{again}"


def _rounded(seconds: str) -> int:
    """What is worked out from a date depends on when it was asked."""
    return int(seconds) if len(seconds) == 1 else round(int(seconds), -1)


def _tokens(row: dict[str, Any]) -> str:
    return f"{'~' if row['usage_estimated'] else ''}{row['prompt_tokens']} + {row['completion_tokens']}"


def _cost(picodollars: int | None) -> str:
    return "-" if picodollars is None else f"{Decimal(picodollars) / MICRODOLLAR:f}"

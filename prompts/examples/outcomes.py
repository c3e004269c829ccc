"""How the examples of one run fared, as a table: a row for each example, a column for each version."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from llm.prices import dollars
from prompts.models import Example, Outcome, Result, Run
from prompts.percent import change, in_words
from prompts.words import Comparison, Piece

LONGEST = 20_000
"""Characters of an answer that the page shows."""

Said = list[tuple[str, int | None]]
"""Outcomes and costs of one version's answers."""


@dataclass(slots=True, frozen=True)
class Cell:
    """`changed` is whether the answer is another than that of `against`; None where there is nothing to compare."""

    version: int
    result: Result | None
    against: str
    changed: bool | None
    pieces: tuple[Piece, ...]

    @property
    def cost(self) -> str:
        return "" if self.result is None else priced(self.result.cost)


@dataclass(slots=True, frozen=True)
class Row:
    example: Example
    cells: list[Cell]


@dataclass(slots=True, frozen=True)
class Total:
    """`unpriced` answers are left out of `cost`, which is in picodollars; `dearer` compares with the first version."""

    version: int
    passed: int
    failed: int
    errors: int
    cost: int
    unpriced: int
    dearer: str

    @property
    def cost_shown(self) -> str:
        return priced(self.cost) + (f", {self.unpriced} of unknown price" if self.unpriced else "")


def rows(run: Run, examples: Sequence[Example]) -> list[Row]:
    """Each version against the first; where there is but one, against its run before."""
    found = {(row.example_id, row.version): row for row in run.results.filter(example__in=examples)}
    comparison = Comparison()
    return [
        Row(
            example,
            [
                cell(version, found.get((example.pk, version)), _before(run, example, version, found), comparison)
                for version in run.versions
            ],
        )
        for example in examples
    ]


Before = tuple[str, Result | None]


def _before(run: Run, example: Example, version: int, found: dict[tuple[int, int], Result]) -> Before:
    """Against what a version's answer is held, and its name."""
    first = run.versions[0]
    if version != first:
        return f"version {first}", found.get((example.pk, first))
    if len(run.versions) > 1:
        return "", None
    former = Result.objects.filter(example=example, version=version, run__lt=run.pk).exclude(outcome=Outcome.ERROR)
    return "the run before", former.order_by("-id").first()


def cell(version: int, result: Result | None, before: Before, comparison: Comparison) -> Cell:
    name, other = before
    if result is None or result.outcome == Outcome.ERROR:
        return Cell(version, result, name, None, ())
    said = str(result.text[:LONGEST])
    as_it_is: tuple[Piece, ...] = (("same", said),)
    if other is None or other.outcome == Outcome.ERROR:
        return Cell(version, result, name, None, as_it_is)
    changed = bool(other.text != result.text)
    return Cell(version, result, name, changed, comparison.pieces(other.text[:LONGEST], said) if changed else as_it_is)


def totals(run: Run) -> list[Total]:
    said: dict[int, Said] = {version: [] for version in run.versions}
    for version, outcome, cost in run.results.values_list("version", "outcome", "cost"):
        said[version].append((outcome, cost))
    first = said[run.versions[0]]
    return [total(version, said[version], first) for version in run.versions]


def total(version: int, said: Said, first: Said) -> Total:
    outcomes = [outcome for outcome, _ in said]
    cost = _cost(said)
    return Total(
        version,
        outcomes.count(Outcome.PASS),
        outcomes.count(Outcome.FAIL),
        outcomes.count(Outcome.ERROR),
        cost,
        sum(amount is None and outcome != Outcome.ERROR for outcome, amount in said),
        dearer(said, first),
    )


def dearer(said: Said, first: Said) -> str:
    """Only where as many were answered, each at a known price: else it would compare something else."""
    before, after = _cost(first), _cost(said)
    alike = len(said) == len(first) and all(
        amount is not None and outcome != Outcome.ERROR for outcome, amount in [*said, *first]
    )
    return in_words(change(before, after), "dearer", "cheaper") if alike else ""


def _cost(said: Said) -> int:
    return sum(amount or 0 for _, amount in said)


def priced(picodollars: int | None) -> str:
    amount = dollars(picodollars)
    return "price unknown" if amount is None else f"{amount} USD"

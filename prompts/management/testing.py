"""The examples of many prompts, run from a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from llm.models import Organisation
from llm.prices import dollars
from llm.types import JsonObject
from prompts.examples.runs import run_as_staff
from prompts.models import Outcome, Prompt, Run, RunState
from prompts.writing.authors import Author


class NotThere(Exception):
    """In words."""


@dataclass(slots=True)
class Report:
    """A result is `{prompt, version, example, outcome, failures, cost}`."""

    results: list[JsonObject] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    untested: list[str] = field(default_factory=list)

    @property
    def is_green(self) -> bool:
        """Something was tried, and all of it passed."""
        passed = [result["outcome"] == Outcome.PASS for result in self.results]
        return bool(passed) and all(passed) and not self.broken

    def lines(self) -> Iterator[str]:
        for one in self.results:
            yield f"{one['outcome']:5} {one['prompt']} {one['version']}: {one['example']}"
            yield from (f"        {failure}" for failure in one["failures"])

    def summary(self) -> str:
        passed = sum(result["outcome"] == Outcome.PASS for result in self.results)
        said = [f"{passed} of {len(self.results)} passed."]
        said += [f"{name} has no examples, or no version to run them on." for name in self.untested]
        said += [f"The run of {name} broke off: see the log." for name in self.broken]
        return "\n".join(said)


def tested(prompts: Iterable[Prompt], author: Author, payer: Organisation, label: str | None) -> Report:
    """Paid by the staff's key of `payer`. Raises GatewayError where that is refused."""
    report = Report()
    for prompt in prompts:
        versions = wanted(prompt, label)
        if not versions or not prompt.examples.exists():
            report.untested.append(prompt.name)
            continue
        run = run_as_staff(prompt, versions, author=author, organisation=payer)
        report.results += _results(run)
        if run.state != RunState.DONE:
            report.broken.append(prompt.name)
    return report


def wanted(prompt: Prompt, label: str | None) -> list[int]:
    if label is None:
        return [prompt.newest] if prompt.newest else []
    row = prompt.labels.filter(name=label).first()
    return [share["version"] for share in row.split] if row is not None else []


def _results(run: Run) -> list[JsonObject]:
    return [
        {
            "prompt": run.prompt.name,
            "version": row.version,
            "example": row.example.name,
            "outcome": str(row.outcome),
            "failures": row.failures,
            "cost": dollars(row.cost),
        }
        for row in run.results.select_related("example")
    ]

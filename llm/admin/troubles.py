"""What is in trouble and what it means to callers, as `/readyz` has it, and which processes say so."""

from __future__ import annotations

from dataclasses import dataclass

from llm.active import Process
from llm.admin.soundings import Health
from llm.watch import Trouble
from llm.wiring import active


@dataclass(slots=True, frozen=True)
class Troubles:
    """`heard` processes said it; `alone`: the others are out of sight. `found` has the worst first."""

    heard: int
    alone: bool
    found: list[tuple[Trouble, list[Process]]]

    @property
    def health(self) -> Health:
        stops = any(trouble.stops for trouble, _ in self.found)
        return "failed" if stops else "warning" if self.found else "ok"


def troubles() -> Troubles:
    others = active().processes()
    processes = [active().here()] if others is None else others
    said_by: dict[Trouble, list[Process]] = {}
    for process in processes:
        for trouble in process.troubles:
            said_by.setdefault(trouble, []).append(process)
    worst_first = sorted(said_by.items(), key=lambda said: (not said[0].stops, said[0].why))
    return Troubles(len(processes), others is None, worst_first)

"""A process' catalog for tests whose database is one transaction, taken back and seen by no thread."""

from __future__ import annotations

from llm.catalog import PATIENCE_SECONDS, Catalog
from llm.models import RegistryStamp
from llm.models.frozen import load_snapshot
from llm.registry import Snapshot


class StillCatalog(Catalog):
    """Reads where it is asked. A thread with a connection of its own would not see the test's rows, and what it
    commits would be there for every later test."""

    def start(self) -> None:
        pass

    def snapshot(self, patience: float = PATIENCE_SECONDS) -> Snapshot:
        return load_snapshot(RegistryStamp.read().registry)

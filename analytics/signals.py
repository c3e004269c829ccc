"""`recorded(records=[Record, …])`: rows that have just been committed to the log.

It is sent from the recorder's own threads, never while anybody waits for an answer. After a crash a receiver may hear
of a record twice; receivers that are slow hold up the log.
"""

from __future__ import annotations

from django.db import connections
from django.dispatch import Signal

from llm.call import Record

recorded = Signal()


def announce(records: list[Record]) -> None:
    """A receiver that fails is logged and keeps no other from its turn."""
    if records and recorded.has_listeners(Record):
        recorded.send_robust(sender=Record, records=records)
        connections.close_all()  # those that receivers opened in this thread

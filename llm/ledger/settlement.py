"""What calls come to in the end, moved in the transaction that writes their records."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.backends.base.base import BaseDatabaseWrapper

from llm.call import Record
from llm.ledger.books import Alert, Books, key


def settle(wrapper: BaseDatabaseWrapper, records: Sequence[Record]) -> list[Alert]:
    """For rows that this transaction has inserted: nothing stays set aside, and what they cost is spent.

    An unknown cost is spent as what was set aside. A reservation that is not there any more has expired and was spent
    in full already: the difference is made good.
    """
    books = Books(wrapper)
    windows = books.lock([charge for record in records for charge in record.charges])
    if not windows:
        return []
    call, given = books.among("call", [record.id for record in records])
    window_id, ids = books.among("window_id", [window.id for window in windows.values()])
    freed = books.drop((f"{call} AND {window_id}", given + ids))
    for record in records:
        for charge in record.charges:
            window = windows.get(key(charge))
            if window is not None:
                held = freed.get((record.id, window.id), 0)
                expired = max(charge.reserved - held, 0)
                window.reserved -= held
                window.spent += (charge.reserved if record.cost is None else record.cost) - expired
    return books.write(windows.values())

"""Budgets, and what is set aside and spent in them. All money is in the database, one row for each budget and window.

On a call's way: `charging` finds the budgets it falls under, `ledger` asks for what it may cost, `clerk` is the thread
that decides all such `orders` at once, `books` the statements. The record's own transaction does the `settlement`,
`sweep` takes back what the dead have left, `alerts` tells who listens.
"""

from llm.ledger.ledger import DatabaseLedger

__all__ = ["DatabaseLedger"]

"""A month's budget begins anew once, at midnight on the wall of the organisation, and says so before."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from secrets import randbits
from uuid import UUID

import pytest

from llm.call import Call, Caller, created_at
from llm.errors import BudgetExceeded
from llm.models import BudgetWindow
from tests.llm.doubles import request
from tests.llm.ledger.conftest import DOLLAR, Firm, Till

MOMENT = timedelta(milliseconds=1)


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def begun(caller: Caller, at: datetime) -> Call:
    call = Call(UUID(int=round(at.timestamp() * 1000) << 80 | randbits(62)), request(), caller, "json", 0.0)
    assert created_at(call.id) == at
    return call


@pytest.mark.parametrize(
    ("zone", "starts_at", "ends_at", "told"),
    [
        ("Asia/Kathmandu", "2026-10-31T18:15", "2026-11-30T18:15", "1 December"),
        ("America/New_York", "2026-11-01T04:00", "2026-12-01T05:00", "1 December"),
        ("America/New_York", "2026-03-01T05:00", "2026-04-01T04:00", "1 April"),
        ("Australia/Lord_Howe", "2026-09-30T13:30", "2026-10-31T13:00", "1 November"),
        ("Australia/Lord_Howe", "2026-03-31T13:00", "2026-04-30T13:30", "1 May"),
    ],
    ids=["Kathmandu", "New York in autumn", "New York in spring", "Lord Howe in spring", "Lord Howe in autumn"],
)
async def test_a_month_is_reset_once_at_local_midnight(
    firm: Firm, till: Till, zone: str, starts_at: str, ends_at: str, told: str
) -> None:
    """Whatever the clocks did meanwhile: but for Kathmandu's they were set in each of these months."""
    start, end = instant(starts_at), instant(ends_at)
    firm.organisation.time_zone = zone
    firm.organisation.save()
    firm.budget(1)
    caller = firm.caller
    before = begun(caller, start - MOMENT)
    assert await till.cover(before, 1)
    call = begun(caller, start)
    assert await till.cover(call, 1)
    till.settle(before, call, cost=1)

    for hours in range(0, (end - start) // timedelta(hours=1), 6):
        assert not await till.cover(begun(caller, start + timedelta(hours=hours)), 1)
    with pytest.raises(BudgetExceeded) as refused:
        await till.ledger.cover(begun(caller, end - MOMENT), DOLLAR)
    assert refused.value.hint == f"The budget resets on {told}, 00:00 ({zone})."
    assert refused.value.limit is not None
    assert refused.value.limit.resets_at == end
    assert await till.cover(begun(caller, end), 1)

    windows = BudgetWindow.objects.using(firm.alias).select_related("budget__organisation").order_by("starts_at")
    assert [(window.starts_at, window.spent, window.reserved) for window in windows[1:]] == [
        (start, DOLLAR, 0),
        (end, 0, DOLLAR),
    ]
    assert f"The budget {windows[1].resets}." == refused.value.hint

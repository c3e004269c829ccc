"""What the sums over the log promise, on SQLite and PostgreSQL alike."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from math import ceil
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from analytics import percentiles, queries
from analytics.models import RequestLog
from analytics.parameters import Span
from analytics.queries import ANSWERED, DIMENSIONS, Figures, Question
from llm.errors import InvalidField
from llm.models import ApiKey, Organisation
from tests.analytics.logbook import DOLLAR, NOON, caller, row, write

YEAR = Span(datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC), ZoneInfo("UTC"))


def usage(alias: str, *group_by: str, span: Span = YEAR, **filters: Any) -> list[Figures]:
    records = RequestLog.objects.using(alias).of(caller(scopes=frozenset({"organisation"})))
    return queries.usage(records, Question(span, group_by or ("provider", "model"), filters))


def register(alias: str) -> None:
    """The key and organisation that the rows name, without the stamp that a change of the registry raises."""
    Organisation.objects.using(alias).bulk_create([Organisation(pk=1, name="acme")])
    ApiKey.objects.using(alias).bulk_create([ApiKey(pk=1, name="frontend", organisation_id=1)])


def in_zone(name: str) -> Span:
    return Span(YEAR.since, YEAR.until, ZoneInfo(name))


def test_an_empty_log_has_no_rows(books: str) -> None:
    assert usage(books) == []


def test_one_row_for_each_group_with_every_figure(books: str) -> None:
    write(
        books,
        row(NOON, total_tokens=25, cost=1_500_000, latency_ms=100.0),
        row(NOON + timedelta(hours=1), total_tokens=5, cost=None, latency_ms=300.0, cache="hit"),
        row(NOON, status="error", cost=0, latency_ms=200.0),
        row(NOON, model="claude-haiku-4-5", provider="anthropic", cost=DOLLAR),
    )

    mini, haiku = usage(books)

    assert mini == {
        "provider": "openai",
        "model": "gpt-4o-mini",
        "total_requests": 3,
        "total_tokens": 30,
        "total_cost": "0.0000015",
        "unpriced_requests": 1,
        "average_latency_ms": 200.0,
        "p50_ms": 200.0,
        "p95_ms": 300.0,
        "p99_ms": 300.0,
        "success_rate": pytest.approx(2 / 3),
        "error_rate": pytest.approx(1 / 3),
        "cache_hit_rate": pytest.approx(1 / 3),
        "last_request": NOON + timedelta(hours=1),
    }
    assert (haiku["model"], haiku["total_cost"]) == ("claude-haiku-4-5", "1")


def test_money_is_summed_exactly_past_what_a_big_integer_holds(books: str) -> None:
    """Twelve costs of nine tenths of the largest 64-bit number, and one picodollar."""
    largest = 9 * 10**18
    write(books, *(row(cost=largest) for _ in range(12)), row(cost=1))

    assert usage(books)[0]["total_cost"] == "108000000.000000000001"


def test_an_unknown_price_is_counted_and_not_taken_for_zero(books: str) -> None:
    write(books, row(cost=None), row(cost=0))

    (sums,) = usage(books)

    assert (sums["total_cost"], sums["unpriced_requests"], sums["total_requests"]) == ("0", 1, 2)


def test_a_flood_of_refusals_counts_by_its_requests_and_not_in_latency(books: str) -> None:
    write(books, row(latency_ms=50.0), row(status="refused", requests=99, latency_ms=0.0, cost=0))

    (sums,) = usage(books)

    assert (sums["total_requests"], sums["success_rate"], sums["error_rate"]) == (100, 0.01, 0.0)
    assert (sums["average_latency_ms"], sums["p50_ms"]) == (50.0, 50.0)


def test_a_group_of_refusals_alone_has_no_latency(books: str) -> None:
    write(books, row(status="refused", provider=None))

    (sums,) = usage(books)

    assert [sums[name] for name in ("average_latency_ms", "p50_ms", "p95_ms", "p99_ms")] == [None] * 4


@pytest.mark.parametrize("status", ["error", "incomplete", "interrupted"])
def test_what_broke_off_is_an_error(books: str, status: str) -> None:
    write(books, row(status=status), row(status="cancelled"))

    assert usage(books)[0]["error_rate"] == 0.5


@pytest.mark.parametrize("size", [1, 2, 3, 19, 20, 21, 100, 101])
def test_percentiles_are_the_smallest_value_that_the_share_does_not_exceed(books: str, size: int) -> None:
    values = [float(value) for value in range(1, size + 1)]
    write(books, *(row(latency_ms=value) for value in random.Random(size).sample(values, size)))

    (sums,) = usage(books)

    expected = [values[ceil(size * share / 100) - 1] for share in (50, 95, 99)]
    assert [sums["p50_ms"], sums["p95_ms"], sums["p99_ms"]] == expected


def test_ranking_and_the_databases_own_percentiles_agree(books: str) -> None:
    """SQLite has only the ranking; PostgreSQL shows that both say the same."""
    dice = random.Random(7)
    models = ["gpt-4o-mini", "claude-haiku-4-5", None]
    write(books, *(row(model=dice.choice(models), latency_ms=float(dice.randint(1, 60))) for _ in range(400)))

    records = RequestLog.objects.using(books).annotate(by_model=RequestLog._meta.get_field("model").cached_col)
    ranked = percentiles.ranked(records.filter(ANSWERED).order_by(), ["by_model"], "latency_ms")

    told = {(sums["model"],): {name: sums[name] for name in percentiles.SHARES} for sums in usage(books, "model")}
    assert ranked == told


@pytest.mark.parametrize("dimension", DIMENSIONS)
def test_the_parts_add_up_to_the_whole(books: str, dimension: str) -> None:
    """For every dimension, nulls and all."""
    dice = random.Random(dimension)
    write(books, *(some_row(dice) for _ in range(60)))

    parts = usage(books, dimension)

    rows = list(RequestLog.objects.using(books).all())
    assert sum(part["total_requests"] for part in parts) == sum(row.requests for row in rows)
    assert sum(part["total_tokens"] for part in parts) == sum(row.total_tokens for row in rows)
    assert sum(Decimal(part["total_cost"]) for part in parts) == sum(Decimal(row.cost or 0) for row in rows) / DOLLAR
    assert sum(part["unpriced_requests"] for part in parts) == sum(row.requests for row in rows if row.cost is None)


def some_row(dice: random.Random) -> RequestLog:
    return row(
        YEAR.since + timedelta(minutes=dice.randint(0, 500_000)),
        status=dice.choice(["ok", "ok", "error", "refused", "cancelled", "incomplete", "interrupted"]),
        provider=dice.choice(["openai", "anthropic", None]),
        model=dice.choice(["gpt-4o-mini", "claude-haiku-4-5", None]),
        key_id=dice.choice([1, 2, None]),
        team=dice.choice(["web", None]),
        user_id=dice.choice(["u1", "u2", None]),
        prompt=dice.choice(["reply", None]),
        prompt_version=dice.choice([1, 2, None]),
        purpose=dice.choice(["chat", "code"]),
        cost=dice.choice([None, 0, dice.randint(1, 10**13)]),
        total_tokens=dice.randint(0, 5000),
        requests=dice.choice([1, 1, 1, 40]),
        cache=dice.choice(["hit", "miss", "off"]),
    )


def test_groups_of_several_dimensions_come_in_the_order_asked(books: str) -> None:
    write(books, row(user_id="u1"), row(user_id="u2", status="error"))

    assert [list(part)[:2] for part in usage(books, "user", "status")] == [["user", "status"]] * 2
    assert {(part["user"], part["status"]) for part in usage(books, "user", "status")} == {
        ("u1", "ok"),
        ("u2", "error"),
    }


def test_the_busiest_group_comes_first(books: str) -> None:
    write(books, row(model="a"), row(model="b"), row(model="b"), row(model=None))

    assert [part["model"] for part in usage(books, "model")] == ["b", "a", None]


def test_periods_come_in_their_order(books: str) -> None:
    write(books, *(row(NOON - timedelta(days=days)) for days in (0, 2, 1, 0)))

    assert [part["day"] for part in usage(books, "day")] == ["2026-11-18", "2026-11-19", "2026-11-20"]


def test_hours_of_a_half_hour_zone_begin_at_its_own_full_hours(books: str) -> None:
    write(books, row(datetime(2026, 11, 20, 12, 29, tzinfo=UTC)), row(datetime(2026, 11, 20, 12, 31, tzinfo=UTC)))

    parts = usage(books, "hour", span=in_zone("Asia/Kolkata"))

    assert [part["hour"] for part in parts] == ["2026-11-20T17:00:00+05:30", "2026-11-20T18:00:00+05:30"]


def test_the_two_hours_of_one_name_in_autumn_stay_apart(books: str) -> None:
    before, after = datetime(2026, 10, 25, 0, 30, tzinfo=UTC), datetime(2026, 10, 25, 1, 30, tzinfo=UTC)
    write(books, row(before), row(after))

    parts = usage(books, "hour", span=in_zone("Europe/Paris"))

    assert [part["hour"] for part in parts] == ["2026-10-25T02:00:00+02:00", "2026-10-25T02:00:00+01:00"]


def test_a_day_begins_at_the_zones_midnight_in_summer_and_in_winter(books: str) -> None:
    write(
        books,
        row(datetime(2026, 7, 1, 3, 59, tzinfo=UTC)),
        row(datetime(2026, 7, 1, 4, 0, tzinfo=UTC)),
        row(datetime(2026, 12, 1, 4, 59, tzinfo=UTC)),
        row(datetime(2026, 12, 1, 5, 0, tzinfo=UTC)),
    )

    parts = usage(books, "day", span=in_zone("America/New_York"))

    assert [part["day"] for part in parts] == ["2026-06-30", "2026-07-01", "2026-11-30", "2026-12-01"]


def test_a_month_begins_at_the_zones_midnight(books: str) -> None:
    write(books, row(datetime(2026, 11, 30, 10, 30, tzinfo=UTC)), row(datetime(2026, 11, 30, 9, 30, tzinfo=UTC)))

    parts = usage(books, "month", span=in_zone("Pacific/Kiritimati"))

    assert [part["month"] for part in parts] == ["2026-11", "2026-12"]


def test_the_span_holds_its_beginning_and_not_its_end(books: str) -> None:
    write(books, row(NOON), row(NOON + timedelta(hours=1)))

    (sums,) = usage(books, span=Span(NOON, NOON + timedelta(hours=1), ZoneInfo("UTC")))

    assert sums["total_requests"] == 1


def test_keys_and_organisations_are_told_by_name(books: str) -> None:
    register(books)
    write(books, row(key_id=1), row(key_id=77))

    parts = usage(books, "key", "organisation")

    assert [(part["key_id"], part["key"], part["organisation"]) for part in parts] == [
        (1, "frontend", "acme"),
        (77, None, "acme"),
    ]


@pytest.mark.parametrize(
    ("name", "value"),
    [("provider", "openai"), ("user", "u1"), ("status", "ok"), ("version", 3), ("cache", "hit"), ("key", "frontend")],
)
def test_a_filter_leaves_the_records_with_that_value(books: str, name: str, value: Any) -> None:
    register(books)
    wanted: dict[str, Any] = {
        "provider": "openai",
        "user_id": "u1",
        "status": "ok",
        "prompt_version": 3,
        "cache": "hit",
        "key_id": 1,
    }
    others: dict[str, Any] = dict.fromkeys(wanted) | {"status": "error", "cache": "off"}
    write(books, row(**wanted), row(**others))

    (sums,) = usage(books, **{name: value})

    assert sums["total_requests"] == 1


def test_more_groups_than_anyone_reads_are_refused(books: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queries, "MOST_GROUPS", 2)
    write(books, *(row(user_id=name) for name in "abc"))

    with pytest.raises(InvalidField) as refused:
        usage(books, "user")
    assert refused.value.param == "group_by"


def test_a_key_sees_its_own_records_and_its_organisations_with_that_scope(books: str) -> None:
    write(books, row(key_id=1), row(key_id=2), row(key_id=3, organisation_id=2))

    def seen(**said: Any) -> list[int | None]:
        records = RequestLog.objects.using(books).of(caller(**said))
        return sorted(records.values_list("key_id", flat=True), key=str)

    assert seen() == [1]
    assert seen(scopes=frozenset({"organisation"})) == [1, 2]
    assert seen(key_id=3, organisation_id=1) == []


def test_a_key_that_speaks_for_one_user_sees_that_users_records(books: str) -> None:
    write(books, row(user_id="u1"), row(user_id="u2"), row(user_id=None))

    for scopes in (frozenset[str](), frozenset({"organisation"})):
        seen = RequestLog.objects.using(books).of(caller(user_id="u1", scopes=scopes))
        assert [record.user_id for record in seen] == ["u1"]

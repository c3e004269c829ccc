"""A window that slides: exact for the sparse, small for the dense."""

from __future__ import annotations

import random

from llm.limits.window import Window


def test_what_was_counted_leaves_a_windows_length_later() -> None:
    window = Window(60)
    window.add(1000, 3)
    assert (window.used(1059.9), window.used(1060)) == (3, 0)


def test_the_wait_is_until_enough_has_left() -> None:
    window = Window(60)
    window.add(1000, 1)
    window.add(1010, 5)
    assert [window.wait(1020, room) for room in (1, 2, 6, 7)] == [40, 50, 50, 60]


def test_a_high_limit_needs_no_more_memory_than_its_runs() -> None:
    window = Window(60)
    for number in range(30_000):
        window.used(1000 + number / 250)
        window.add(1000 + number / 250, 1)
    assert len(window._runs) <= 61


def test_what_is_given_back_leaves_the_instant_it_was_taken_at() -> None:
    window = Window(60)
    window.add(1000, 100)
    window.add(1030, 10)
    window.give_back(1000, 80)
    assert window.used(1050) == 30
    assert window.used(1061) == 10


def test_giving_back_takes_nothing_from_others_and_nothing_twice() -> None:
    window = Window(60)
    window.add(1000, 10)
    window.add(1030, 10)
    window.give_back(1000, 50)
    window.give_back(900, 50)
    assert window.used(1031) == 10


def test_the_vendors_word_adds_what_others_used_until_it_counts_anew() -> None:
    window = Window(60)
    window.add(1000, 10)
    window.correct(1000, 90, 6)
    assert (window.used(1001), window.wait(1001, 1), window.wait(1001, 81)) == (90, 5, 59)
    assert window.used(1006) == 10


def test_the_vendors_word_never_makes_it_less_than_we_know_and_its_last_one_counts() -> None:
    window = Window(60)
    window.add(1000, 10)
    window.correct(1000, 90, 60)
    window.correct(1001, 3, 60)
    assert window.used(1002) == 10


def test_random_counting_never_lets_a_window_see_more_than_a_scan_would() -> None:
    chance, window, events, now = random.Random(7), Window(60), list[tuple[float, int]](), 1000.0
    for _ in range(800):
        now += chance.choice([0, chance.random() * 3])
        count = chance.randint(1, 9)
        truth = sum(counted for at, counted in events if at > now - 60)
        assert window.used(now) >= truth
        assert window.used(now) <= sum(counted for at, counted in events if at > now - 61)
        window.add(now, count)
        events.append((now, count))

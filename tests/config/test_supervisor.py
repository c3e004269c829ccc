"""A parent and its children: signals are passed on, nobody is left behind. Real processes."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable

import pytest

from tests.config.conftest import Start
from tests.services import wait_until

PARENT = """
import os, sys
from config.supervisor import Command, Supervisor
child = lambda code: Command([sys.executable, "-u", "-c", code])
died = lambda pid: print("died", flush=True)
parent = Supervisor({commands}, replaces={replaces}, patience={patience}, on_death=died)
sys.exit(parent.run())
"""
SAYS = r"os.write(1, b'child %d\n' % os.getpid())"
"""At once: of two children that print their words one by one, none is understood."""

SLEEPS = f"import os, time; {SAYS}; time.sleep(60)"
FOLLOWS = f"from config.supervisor import follow_parent; follow_parent(); {SLEEPS}"
ENDS = "import time, sys; time.sleep(0.3); sys.exit({code})"
REFUSES = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); {SLEEPS}"
YIELDS_TO_THE_SECOND = f"""
import os, signal, sys, time
signal.signal(signal.SIGTERM, lambda *_: (signal.signal(signal.SIGTERM, signal.SIG_DFL), print('first', flush=True)))
{SAYS}
while True: time.sleep(60)
"""

BEARS = f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {SLEEPS!r}]); {SLEEPS}"

Supervise = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def supervise(start: Start) -> Supervise:
    def run(*codes: str, replaces: bool = False, patience: float = 20) -> subprocess.Popen[str]:
        commands = ", ".join(f"'{number}': child({code!r})" for number, code in enumerate(codes))
        return start("-c", PARENT.format(commands=f"{{{commands}}}", replaces=replaces, patience=patience))

    return run


def child_of(parent: subprocess.Popen[str]) -> int:
    assert parent.stdout is not None
    word, pid = parent.stdout.readline().split()
    assert word == "child"
    return int(pid)


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_all_and_ends_well(supervise: Supervise, number: signal.Signals) -> None:
    parent = supervise(SLEEPS, SLEEPS)
    children = [child_of(parent), child_of(parent)]
    parent.send_signal(number)
    assert parent.wait(timeout=10) == 0
    assert not any(is_alive(child) for child in children)


def test_one_childs_death_stops_the_others_and_ends_badly(supervise: Supervise) -> None:
    parent = supervise(SLEEPS, ENDS.format(code=0))
    child = child_of(parent)
    assert parent.wait(timeout=10) == 1
    assert not is_alive(child)


def test_a_killed_childs_own_children_go_with_it(supervise: Supervise) -> None:
    parent = supervise(BEARS)
    child, other = sorted([child_of(parent), child_of(parent)])
    os.kill(child, signal.SIGKILL)
    assert parent.wait(timeout=10) == 1
    assert wait_until(lambda: not is_alive(other), seconds=5)


def test_a_dead_child_is_replaced_where_that_is_wanted(supervise: Supervise) -> None:
    parent = supervise(SLEEPS, replaces=True)
    first = child_of(parent)
    os.kill(first, signal.SIGKILL)
    assert parent.stdout is not None
    assert parent.stdout.readline() == "died\n"
    second = child_of(parent)
    assert second != first
    parent.terminate()
    assert parent.wait(timeout=10) == 0
    assert not is_alive(second)


def test_a_child_that_cannot_start_is_not_replaced(supervise: Supervise) -> None:
    parent = supervise(ENDS.format(code=3), replaces=True)
    assert parent.wait(timeout=10) == 1


def test_a_child_that_does_not_stop_is_killed_in_the_end(supervise: Supervise) -> None:
    parent = supervise(REFUSES, patience=0.5)
    child = child_of(parent)
    parent.terminate()
    assert parent.wait(timeout=10) == 0
    assert not is_alive(child)


def test_a_second_signal_is_passed_on(supervise: Supervise) -> None:
    parent = supervise(YIELDS_TO_THE_SECOND, patience=60)
    child = child_of(parent)
    parent.terminate()
    assert parent.stdout is not None
    assert parent.stdout.readline() == "first\n"
    parent.terminate()
    assert parent.wait(timeout=10) == 0
    assert not is_alive(child)


def test_children_notice_that_their_parent_was_killed(supervise: Supervise) -> None:
    parent = supervise(FOLLOWS)
    child = child_of(parent)
    parent.kill()
    assert wait_until(lambda: not is_alive(child), seconds=5)

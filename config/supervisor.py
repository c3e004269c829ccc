"""A parent of child processes: passes signals on, leaves no orphan and no zombie, replaces the dead or stops with them.

Children run in sessions of their own, so that a terminal's Ctrl-C reaches them through the parent alone, and hold a
pipe by which they notice that even a killed parent is gone.
"""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue

from config import env

logger = logging.getLogger(__name__)

STARTUP_FAILED = 3
"""The exit code of a child that would fail the same way again: it is not replaced."""

RESTART_SECONDS = 1.0


@dataclass(slots=True, frozen=True)
class Command:
    """What a child runs, and the descriptors it inherits."""

    words: list[str]
    fds: tuple[int, ...] = ()


@dataclass(slots=True)
class Supervisor:
    """`patience`: seconds from the signal to stop until what still runs is killed. `on_death` gets the process id."""

    commands: Mapping[str, Command]
    replaces: bool
    patience: float
    on_death: Callable[[int], None] = lambda pid: None
    _children: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    _signals: SimpleQueue[int] = field(default_factory=SimpleQueue)
    _pipe: tuple[int, int] = field(default_factory=os.pipe)

    def run(self) -> int:
        """The exit code: 0 after a signal to stop, 1 after a child's death that stopped the others."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGCHLD):
            signal.signal(number, lambda number, frame: self._signals.put(number))
        try:
            for name in self.commands:
                self._spawn(name)
            return self._watch()
        finally:
            self._stop()

    def _spawn(self, name: str) -> None:
        command = self.commands[name]
        self._children[name] = subprocess.Popen(  # noqa: S603  # our own commands, no shell
            command.words,
            cwd=env.ROOT,
            env=env.for_child(self._pipe[0]),
            pass_fds=(self._pipe[0], *command.fds),
            start_new_session=True,
        )

    def _watch(self) -> int:
        while True:
            if self._signals.get() != signal.SIGCHLD:
                return 0
            for name, child in self._reap():
                logger.error("The %s ended with code %s", name, child.returncode)
                if not self.replaces or child.returncode == STARTUP_FAILED:
                    return 1
                time.sleep(RESTART_SECONDS)
                self._spawn(name)

    def _reap(self) -> list[tuple[str, subprocess.Popen[bytes]]]:
        dead = [(name, child) for name, child in self._children.items() if child.poll() is not None]
        for name, child in dead:
            del self._children[name]
            _clear_session(child.pid)
            self.on_death(child.pid)
        return dead

    def _stop(self) -> None:
        """A second signal is passed on too: it hurries the children."""
        self._tell(signal.SIGTERM)
        deadline = time.monotonic() + self.patience
        while self._children:
            try:
                number = self._signals.get(timeout=max(deadline - time.monotonic(), 0.1))
            except Empty:
                self._tell(signal.SIGKILL)
            else:
                if number != signal.SIGCHLD:
                    self._tell(signal.SIGTERM)
            self._reap()

    def _tell(self, number: signal.Signals) -> None:
        for child in self._children.values():
            child.send_signal(number)


def _clear_session(leader: int) -> None:
    """A killed child leaves its own children behind."""
    try:
        os.killpg(leader, signal.SIGKILL)
    except ProcessLookupError:
        pass  # it left none


def follow_parent() -> None:
    """In a child: stop as if told to once the parent is gone, however it went."""
    pipe = env.integer("GATEHOUSE_PARENT", -1, least=-1)
    if pipe >= 0:
        threading.Thread(target=_stop_at_end, args=(pipe,), name="parent", daemon=True).start()


def _stop_at_end(pipe: int) -> None:
    os.read(pipe, 1)
    os.kill(os.getpid(), signal.SIGTERM)

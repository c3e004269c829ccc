"""A fault-injecting fake of all vendors on real sockets. The model's name chooses what it answers: see README.md."""

from __future__ import annotations

from tests.upstream.upstream import Upstream

__all__ = ["Upstream"]

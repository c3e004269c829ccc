"""Gatehouse's gateway. Code of this project asks models through `generate`, `stream`, `agenerate` and `astream`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

generate: Callable[..., Any]
stream: Callable[..., Any]
agenerate: Callable[..., Any]
astream: Callable[..., Any]

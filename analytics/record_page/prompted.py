"""Whether the messages that were kept of a call hold what its prompt says."""

from __future__ import annotations

from typing import Any

REFUSALS = ("prompt_", "label_", "version_", "variable_", "template_")
"""Beginnings of the codes of errors for which a prompt is not written out."""


def is_written_out(row: Any) -> bool:
    """A call that was refused for its prompt has its caller's own messages alone."""
    return bool(row.prompt) and not (row.error_code or "").startswith(REFUSALS)

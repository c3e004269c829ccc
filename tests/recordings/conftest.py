"""Without recordings there is nothing to test here."""

from __future__ import annotations

from tests.recordings.cases import folder

collect_ignore = [] if folder() else ["test_recordings.py"]

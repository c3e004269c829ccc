"""The fake vendor as a fixture; a conftest imports it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.upstream import Upstream


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    """A fake vendor of this test's own, on a free port."""
    with Upstream() as running:
        yield running

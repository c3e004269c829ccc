from __future__ import annotations

import pytest
from django.db.models import ProtectedError

from tests.llm import rows


@pytest.mark.django_db
def test_a_provider_with_routes_cannot_go() -> None:
    provider = rows.provider()
    rows.model("gpt-4o", provider)
    with pytest.raises(ProtectedError):
        provider.delete()

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from llm.models import Tier
from tests.llm import rows
from tests.llm.admin.conftest import Filled

ADD = "/admin/llm/tier/add/"
WANTED = {
    "capabilities": ["vision", "tools"],
    "context_window": 100_000,
    "max_cost": "0.05",
    "min_quality": 8,
    "max_latency_ms": 1500,
}


def change_url(tier: Tier) -> str:
    return reverse("admin:llm_tier_change", args=[tier.pk])


def test_requirements_are_filled_in_and_read_back(operator: Client, filled: Filled) -> None:
    form = {"name": "clever", "capabilities": ["tools", "vision"], "min_quality": "8", "max_cost": "0.0500"}
    assert operator.post(ADD, {**filled(ADD), **form}).status_code == 302
    tier = Tier.objects.get()
    assert tier.requirements == {"capabilities": ["tools", "vision"], "max_cost": "0.05", "min_quality": 8}

    again = filled(change_url(tier))
    assert (again["min_quality"], again["max_cost"]) == ("8", "0.05")
    assert list(again["capabilities"]) == ["tools", "vision"]
    assert operator.post(change_url(tier), {**again, "min_quality": ""}).status_code == 302
    tier.refresh_from_db()
    assert "min_quality" not in tier.requirements


@pytest.mark.parametrize(
    ("form", "told"),
    [
        ({"min_quality": "11"}, "less than or equal to 10."),
        ({"max_cost": "-1"}, "greater than or equal to 0."),
        ({"max_cost": "1e10000000"}, "less than or equal to 1000000."),
        ({"context_window": "0"}, "greater than or equal to 1."),
        ({"context_window": "9" * 400}, "less than or equal to 2147483647."),
        ({"max_latency_ms": "0"}, "greater than or equal to 1."),
        ({"max_latency_ms": "1e308"}, "less than or equal to 3600000"),
        ({"max_latency_ms": "nan"}, "Enter a number."),
        ({"name": "auto"}, "A model has this name."),
        ({"name": "small"}, "A model has this name."),
    ],
)
def test_what_means_nothing_is_refused_at_its_field(
    operator: Client, filled: Filled, form: dict[str, Any], told: str
) -> None:
    rows.model("small")
    answer = operator.post(ADD, {**filled(ADD), "name": "clever", "capabilities": [], **form})
    assert answer.status_code == 200
    assert told in answer.content.decode()
    assert not Tier.objects.exists()


def test_the_list_says_what_each_requires(operator: Client) -> None:
    Tier.objects.create(name="clever", requirements=WANTED)
    Tier.objects.create(name="any")
    Tier.objects.create(name="foreign", requirements={"colour": "red"})
    html = operator.get("/admin/llm/tier/").content.decode()
    assert (
        "tools, vision; a window of 100,000 tokens; at most 0.05 USD; quality 8 or more; answers begin within 1,500 ms"
        in html
    )
    assert "none: the cheapest model of all" in html
    assert "requirements.colour: there is no such field." in html

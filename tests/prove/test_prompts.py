"""Five thousand prompts with two hundred thousand versions: every page stays quick, in a fixed number of queries."""

from __future__ import annotations

import time
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from llm.models import Organisation
from prompts.library import Library
from prompts.models import Label, Prompt, Version

PROMPTS, EACH = 5_000, 40
SLOWEST = 0.5
"""Seconds."""
SENTENCE = "Answer {{ customer }} about order {{ order }} with care, and mention word%d once."


def wording(number: int) -> dict[str, Any]:
    return {
        "messages": [
            {"role": "system", "content": "You work for the support of a shop. " * 8},
            {"role": "user", "content": SENTENCE % number},
        ],
        "variables": [{"name": "customer", "type": "string"}, {"name": "order", "type": "integer"}],
        "model": None,
        "options": {},
        "optimized_for": [],
        "response_schema": None,
    }


@pytest.fixture
def shelves(db: None) -> Prompt:
    """The last of them."""
    acme, now = Organisation.objects.create(name="acme"), timezone.now()
    prompts = Prompt.objects.bulk_create(
        Prompt(
            organisation=acme,
            name=f"prompt-{number:04}",
            newest=EACH,
            search=f"prompt-{number:04}\nof many\n#tag{number % 50}\n{SENTENCE % number}".lower(),
            tags=[f"tag{number % 50}"],
            stamp=number + 1,
        )
        for number in range(PROMPTS)
    )
    for start in range(0, PROMPTS, 250):
        Version.objects.bulk_create(
            [
                Version(prompt=prompt, number=number, wording=wording(number), author="ada", created_at=now)
                for prompt in prompts[start : start + 250]
                for number in range(1, EACH + 1)
            ],
            batch_size=1_000,
        )
    Label.objects.bulk_create(
        Label(
            prompt=prompt,
            name=name,
            protected=name == "production",
            split=[{"version": EACH - back, "weight": 1.0}],
            moved_at=now,
        )
        for prompt in prompts
        for back, name in enumerate(("staging", "production"))
    )
    return prompts[-1]


@pytest.mark.prove
def test_every_page_is_quick_and_asks_as_much_as_with_few(shelves: Prompt) -> None:
    client, here = Client(), f"/admin/prompts/prompt/{shelves.pk}/"
    client.force_login(User.objects.create_superuser("ada"))
    pages = {
        "list": "/admin/prompts/prompt/",
        "its last page": "/admin/prompts/prompt/?p=100",
        "search": "/admin/prompts/prompt/?q=word4999",
        "search for nothing": "/admin/prompts/prompt/?q=nowhere",
        "unused": "/admin/prompts/prompt/?use=none",
        "a prompt": here,
        "difference": f"{here}diff/1/{EACH}/",
        "move": f"{here}labels/production/move/?to=1",
        "history": f"{here}labels/production/",
    }
    client.get(pages["list"])
    for name, address in pages.items():
        with CaptureQueriesContext(connection) as queries:
            began = time.perf_counter()
            answer = client.get(address)
            took = time.perf_counter() - began
        print(f"{connection.vendor}: {name}: {1000 * took:.0f} ms, {len(queries)} queries")
        assert answer.status_code == 200
        assert took < SLOWEST
        assert len(queries) <= 20


@pytest.mark.prove
def test_a_process_reads_all_labels_at_its_start_and_one_prompt_later(shelves: Prompt) -> None:
    library = Library()
    began = time.perf_counter()
    library.renew()
    print(f"{connection.vendor}: all labels read in {time.perf_counter() - began:.2f} s")
    Prompt.objects.filter(pk=shelves.pk).update(stamp=PROMPTS + 10)
    began = time.perf_counter()
    with CaptureQueriesContext(connection) as queries:
        library.renew()
    again = time.perf_counter() - began
    print(f"{connection.vendor}: one prompt read anew in {1000 * again:.0f} ms, {len(queries)} queries")
    assert again < SLOWEST
    assert len(queries) <= 3

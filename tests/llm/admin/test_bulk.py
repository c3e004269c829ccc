"""Actions on several rows say how many these are and what comes of it, before anything happens."""

from __future__ import annotations

from django.contrib.admin.models import LogEntry
from django.test import Client

from llm.models import ApiKey
from tests.llm import rows

LIST = "/admin/llm/apikey/"


def chosen(action: str) -> dict[str, object]:
    return {"action": action, "_selected_action": list(ApiKey.objects.values_list("pk", flat=True))}


def test_number_and_effect_come_first(operator: Client) -> None:
    for number in range(3):
        rows.key(f"key-{number}")
    page = operator.post(LIST, chosen("disable")).content.decode()
    assert "Disable 3 keys?" in page
    assert "get a 401 from now on" in page
    assert "key-2" in page
    assert not ApiKey.objects.filter(disabled=True).exists()


def test_agreed_to_it_happens_and_the_history_knows(operator: Client) -> None:
    for number in range(3):
        rows.key(f"key-{number}")
    page = operator.post(LIST, {**chosen("disable"), "agreed": "yes"}, follow=True).content.decode()
    assert "Done for 3 keys." in page
    assert ApiKey.objects.filter(disabled=True).count() == 3
    assert {entry.get_change_message() for entry in LogEntry.objects.all()} == {"Changed Disabled from no to yes."}


def test_and_back(operator: Client) -> None:
    rows.key(disabled=True)
    operator.post(LIST, {**chosen("enable"), "agreed": "yes"})
    assert not ApiKey.objects.get().disabled

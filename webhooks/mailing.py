"""What becomes of a budget, as a mail to one of those who answer for the money."""

from __future__ import annotations

import json
from smtplib import SMTPException

from django.core.mail import send_mail
from django.utils.text import capfirst

from llm.dialects.scrub import scrub
from llm.types import JsonObject
from webhooks.events import EXCEEDED
from webhooks.models import Delivery
from webhooks.outbox import Outcome


def send(delivery: Delivery) -> Outcome:
    """Raises nothing: whatever went wrong is in the outcome."""
    event, told = delivery.event, json.loads(delivery.body)["data"]
    try:
        send_mail(subject(event, told), text(event, told), None, [delivery.address])
    except (SMTPException, OSError) as error:
        return Outcome(f"The mail server said: {scrub(str(error)) or type(error).__name__}")
    return Outcome()


def subject(event: str, told: JsonObject) -> str:
    """In one line, whatever users and tags are called."""
    said = f"{told['budget']} is used up" if event == EXCEEDED else f"{told['share']} % of {told['budget']} is spent"
    return capfirst(" ".join(said.split()))


def text(event: str, told: JsonObject) -> str:
    news = f"is used up, with {told['share']} % spent" if event == EXCEEDED else f"has reached {told['share']} %"
    then = "Calls beyond it are refused." if told["hard"] else "Calls beyond it go on: this budget only warns."
    return (
        f"At {told['organisation']}, {told['budget']} {news}.\n\n"
        f"Spent     {told['spent']} {told['currency']}\n"
        f"Reserved  {told['reserved']} {told['currency']} by calls in flight\n"
        f"Amount    {told['amount']} {told['currency']}\n\n"
        f"It {told['resets']}. {then}\n"
    )

"""A budget's alert as a mail to one of those who answer for the money."""

from __future__ import annotations

import json
from smtplib import SMTPException

from django.core.mail import send_mail

from llm.dialects.scrub import scrub
from llm.types import JsonObject
from webhooks.models import Delivery
from webhooks.outbox import Outcome


def send(delivery: Delivery) -> Outcome:
    """Raises nothing: whatever went wrong is in the outcome."""
    told = json.loads(delivery.body)["data"]
    try:
        send_mail(subject(told), text(told), None, [delivery.address])
    except (SMTPException, OSError) as error:
        return Outcome(f"The mail server said: {scrub(str(error)) or type(error).__name__}")
    return Outcome()


def subject(told: JsonObject) -> str:
    return f"{told['share']} % of {told['budget']} is spent"


def text(told: JsonObject) -> str:
    then = "Calls beyond it are refused." if told["hard"] else "Calls beyond it go on: this budget only warns."
    return (
        f"At {told['organisation']}, {told['budget']} has reached {told['share']} %.\n\n"
        f"Spent     {told['spent']} {told['currency']}\n"
        f"Reserved  {told['reserved']} {told['currency']} by calls in flight\n"
        f"Amount    {told['amount']} {told['currency']}\n\n"
        f"It {told['resets']}. {then}\n"
    )

"""`python -m tests.hostile.rows`: puts every payload into every field of an installation that takes it.

Whatever a field's own rules refuse stays out, as it would in the admin and the registry file.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import django

django.setup()

from django.contrib.admin.models import CHANGE, LogEntry  # noqa: E402  # models wait for `setup`
from django.contrib.auth.models import Group, User  # noqa: E402  # as above
from django.contrib.contenttypes.models import ContentType  # noqa: E402  # as above
from django.core.exceptions import ValidationError  # noqa: E402  # as above
from django.db import transaction  # noqa: E402  # as above

from llm.models import Alias, ApiKey, Budget, Model, Organisation, Provider, Route, RoutePrice, Team, Tier  # noqa: E402  # as above
from tests.hostile.payloads import PAYLOADS, together  # noqa: E402  # as above
from webhooks.models import Delivery, Webhook  # noqa: E402  # as above

FIRST = datetime(2020, 1, 1, tzinfo=UTC)
LONGEST_NOTE = 300


@dataclass(frozen=True)
class Ground:
    """What stands already, for hostile rows to hang on."""

    acme: Organisation
    model: Model
    fake: Provider
    route: Route
    webhook: Webhook


def ground() -> Ground:
    model, fake = Model.objects.get(name="plain"), Provider.objects.get(name="fake")
    webhook = Webhook(url="https://hooks.example/")
    webhook.renew_secret()
    webhook.save()
    return Ground(Organisation.objects.get(name="acme"), model, fake, Route.objects.get(model=model), webhook)


def wanted(on: Ground, number: int, text: str) -> Iterator[Any]:
    """A row of every kind that has this text wherever a person may write one."""
    name = f"hostile-{number}"
    yield Organisation(name=text)
    yield Team(organisation=on.acme, name=text)
    yield ApiKey(organisation=on.acme, name=text)
    yield Model(name=text)
    yield Alias(model=on.model, name=text)
    yield Route(model=on.model, provider=on.fake, upstream_model=text)
    yield Provider(name=text, kind="echo")
    yield Provider(name=name, kind="echo", organization=text, defaults={text: text})
    yield Provider(name=f"{name}-at", kind="openai", base_url=text)
    yield Budget(organisation=on.acme, scope="user", match=text, amount=1)
    yield Webhook(url=text, sealed_secret=on.webhook.sealed_secret)
    said = {"body": json.dumps({"data": text}), "last_error": text[:500]}
    yield Delivery(message=name, event="test", webhook=on.webhook, organisation=on.acme, ended_at=FIRST, **said)
    yield Tier(name=text)
    yield Tier(name=name, requirements={text: text})
    yield Group(name=text)
    yield User(username=name, password="!", first_name=text, last_name=text)
    yield User(username=f"{name}-too", password="!", email=text)


def priced(on: Ground) -> Iterator[RoutePrice]:
    """Few, because a route's page shows all of its prices."""
    for number, texts in enumerate(together(LONGEST_NOTE)):
        note = "\n".join(texts).replace("\0", "")
        yield RoutePrice(route=on.route, note=note, valid_from=FIRST + timedelta(days=number))


def is_taken(row: Any) -> bool:
    """By the rules of its fields; those that ask the database take long, and look at no text."""
    try:
        row.clean_fields(exclude={"time_zone"})
    except ValidationError:
        return False
    row.save()
    return True


def history(fake: Provider) -> Iterator[LogEntry]:
    user = User.objects.get(is_superuser=True)
    kind = ContentType.objects.get_for_model(Provider)
    for text in PAYLOADS:
        said = {"object_repr": text[:200], "change_message": text.replace("\0", "")}
        yield LogEntry(user=user, content_type=kind, object_id=str(fake.pk), action_flag=CHANGE, **said)


def main() -> None:
    """Prints how many rows of each kind took one."""
    on = ground()
    rows = (row for number, text in enumerate(PAYLOADS) for row in wanted(on, number, text))
    taken = Counter(type(row).__name__ for row in (*rows, *priced(on)) if is_taken(row))
    LogEntry.objects.bulk_create(history(on.fake))
    print(json.dumps(taken))


if __name__ == "__main__":
    with transaction.atomic():
        main()

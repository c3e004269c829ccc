"""Everything sealed, sealed again under the first SECRETS_KEY."""

from __future__ import annotations

from argparse import RawDescriptionHelpFormatter
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from llm import vault
from llm.models import Keyring, Provider
from webhooks.models import Webhook


class Command(BaseCommand):
    help = """Examples:
  SECRETS_KEY=new,old manage.py rotate_secrets

Give every host both keys first, the new one in front; run this once; then take the old one away everywhere. Gateway
keys go on working. The SECRET_KEY of now is taken as this database's, too."""
    requires_system_checks: list[str] = []

    def create_parser(self, *args: Any, **kwargs: Any) -> CommandParser:
        return super().create_parser(*args, formatter_class=RawDescriptionHelpFormatter, **kwargs)

    def handle(self, **_: Any) -> None:
        try:
            with transaction.atomic():
                Keyring.load().reseal()
                providers, webhooks = _reseal_providers(), _reseal_webhooks()
        except vault.Unopenable:
            raise CommandError(
                "Something was sealed under a SECRETS_KEY that is not listed: add the former one behind a comma."
            ) from None
        self.stderr.write(
            f"{providers} provider secrets, {webhooks} of webhooks and the pepper are sealed under the first "
            "SECRETS_KEY."
        )


def _reseal_providers() -> int:
    sealed = list(Provider.objects.exclude(sealed_secret="").select_for_update())
    for provider in sealed:
        provider.sealed_secret = vault.current().reseal(provider.sealed_secret)
        provider.save()
    return len(sealed)


def _reseal_webhooks() -> int:
    sealed = list(Webhook.objects.select_for_update())
    for webhook in sealed:
        webhook.reseal()
    return len(sealed)

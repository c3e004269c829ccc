"""The key under which an organisation's staff try out models and prompts, and tokens of it for each of them.

It is a key like any other, with limits and budgets and an end: whoever disables it ends the trying out.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from llm import vault
from llm.client_tokens import LONGEST_LIFE, Grant
from llm.errors import Forbidden
from llm.models import ApiKey, Organisation

NAME = "playground"
SPEND = "prompts.use_playground"
"""The right to ask at its cost."""
SCOPES = ("generate",)
MOST_ORIGINS = 16
ADMINISTER = "llm.change_organisation"
"""Who has this right may spend for all."""


@dataclass(slots=True, frozen=True)
class Token:
    text: str
    expires_at: datetime


def payers(user: Any) -> QuerySet[Organisation]:
    """On whose books somebody of the staff may try things out: those they are a member of."""
    everybody = Organisation.objects.all()
    return everybody if user.has_perm(ADMINISTER) else everybody.filter(memberships__user=user)


def staff_token(organisation: Organisation, username: str, origin: str | None = None) -> Token:
    """Good for `username` alone, for 15 minutes, and from pages of `origin` alone, or from no page.

    Raises Forbidden where the key was disabled or has expired.
    """
    key = staff_key(organisation, origin)
    expires_at = timezone.now().replace(microsecond=0) + timedelta(seconds=LONGEST_LIFE)
    origins = frozenset({origin} if origin else ())
    grant = Grant(str(key.digest), username, expires_at, scopes=frozenset(SCOPES), origins=origins)
    return Token(grant.sealed(), expires_at)


@transaction.atomic
def staff_key(organisation: Organisation, origin: str | None = None) -> ApiKey:
    """Made when it is first wanted, with a secret that nobody keeps: its tokens alone let anybody in.

    A page of ours may use it once it has asked from its own address, which a key must name. Raises Forbidden.
    """
    held = Organisation.objects.select_for_update().get(pk=organisation.pk)
    key = ApiKey.objects.filter(organisation=held, name=NAME).first()
    if key is None:
        key = ApiKey(organisation=held, name=NAME, scopes=list(SCOPES))
    if key.disabled or (key.expires_at is not None and key.expires_at <= timezone.now()):
        raise Forbidden(
            f"The key {NAME} of {held.name} is disabled or has expired: its staff may try nothing out.",
            code="staff_key_disabled",
            hint="An operator may enable it again.",
        )
    if _completed(key, origin):
        key.full_clean()
        key.save()
    return key


def _completed(key: ApiKey, origin: str | None) -> bool:
    """Whether anything was missing."""
    unkeyed = key.digest is None
    if unkeyed:
        key.set_secret(vault.new_key())
    unnamed = origin is not None and origin not in key.origins
    if unnamed:
        key.origins = [*key.origins, origin][-MOST_ORIGINS:]
    return unkeyed or unnamed

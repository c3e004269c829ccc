"""Moving labels: the one place that asks for rights, reasons, green examples and a second pair of eyes."""

from __future__ import annotations

import math
import re

from django.db import transaction
from django.utils import timezone

from llm.errors import Conflict, Forbidden, InvalidField
from prompts.choosing import Split
from prompts.models import PROTECTED, Label, LabelMove, Prompt, Proposal
from prompts.writing.authors import Author
from prompts.writing.editing import held, plain, shelve
from prompts.writing.greenness import check_green

LABEL = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
MOST_SHARES = 8
MOST_WEIGHT = 1_000_000
LONGEST_REASON = 2_000


def whole(version: int) -> Split:
    """All of a label's calls to one version."""
    return [{"version": version, "weight": 1.0}]


@transaction.atomic
def move(prompt: Prompt, label: str, after: Split, author: Author, *, reason: str = "") -> LabelMove | Proposal:
    """A Proposal where the prompt asks for four eyes. Moving a label to where it is changes nothing.

    Raises InvalidField, and Forbidden for a protected label without the right.
    """
    locked = held(prompt)
    before = standing(locked, label)
    check_split(locked, after)
    reason = plain(reason.strip(), "reason", LONGEST_REASON)
    if not is_protected(locked, label):
        return _made(locked, label, after, author, reason=reason)
    if before == after and (last := locked.moves.filter(label=label).first()):
        return last
    check_may_publish(locked, label, author)
    if not reason:
        raise InvalidField(f"{label} is protected: say why it moves.", param="reason", code="reason_missing")
    if locked.needs_green:
        check_green(locked, [share["version"] for share in after])
    if locked.needs_approval:
        return _proposed(locked, label, after, author, reason)
    return _made(locked, label, after, author, reason=reason)


@transaction.atomic
def approve(proposal: Proposal, approver: Author) -> LabelMove:
    """Raises Forbidden for its own author and for who may not publish, Conflict where it does not wait any more."""
    locked = held(proposal.prompt)
    if not locked.proposals.filter(pk=proposal.pk).exists():
        raise Conflict("It does not wait any more.", code="proposal_gone", hint="Look at what waits now.")
    check_may_publish(locked, proposal.label, approver)
    if (proposal.user_id, proposal.author) == (approver.user_id, approver.name):
        raise Forbidden("Four eyes: somebody else has to agree.", code="own_proposal")
    if locked.needs_green:
        check_green(locked, [share["version"] for share in proposal.after])
    proposer = Author(proposal.author, proposal.user_id)
    made = _made(locked, proposal.label, proposal.after, proposer, reason=proposal.reason, approver=approver.name)
    proposal.delete()
    return made


@transaction.atomic
def decline(proposal: Proposal, author: Author) -> None:
    """Taking back one's own needs no right. Raises Forbidden."""
    locked = held(proposal.prompt)
    if proposal.user_id is None or proposal.user_id != author.user_id:
        check_may_publish(locked, proposal.label, author)
    proposal.delete()


@transaction.atomic
def protect(prompt: Prompt, label: str, author: Author, *, protected: bool) -> None:
    """Raises Forbidden for who may not publish."""
    locked = held(prompt)
    check_may_publish(locked, label, author)
    locked.labels.filter(name=label).update(protected=protected)


def is_protected(prompt: Prompt, label: str) -> bool:
    row = prompt.labels.filter(name=label).first()
    return row.protected if row is not None else label in PROTECTED


def standing(prompt: Prompt, label: str) -> Split:
    """The versions that the label means now; none of one that was never moved. Raises InvalidField."""
    if not LABEL.fullmatch(label):
        raise InvalidField(
            "A label has lower-case letters, digits, dots, dashes and underscores, at most 64.", param="label"
        )
    row = prompt.labels.filter(name=label).first()
    return row.split if row is not None else []


def check_may_publish(prompt: Prompt, label: str, author: Author) -> None:
    if not author.may_publish:
        raise Forbidden(
            f"{label} of {prompt.name} is protected, and {author.name} may not move protected labels.",
            code="publish_not_allowed",
            hint="It takes the right to publish prompts; of a key, the scope prompts.publish.",
        )


def check_split(prompt: Prompt, split: Split) -> None:
    """Raises InvalidField."""
    if not 1 <= len(split) <= MOST_SHARES:
        raise InvalidField(f"A label means 1 to {MOST_SHARES} versions.", param="split")
    numbers = [share["version"] for share in split]
    if len(set(numbers)) < len(numbers):
        raise InvalidField("A version stands in a split once.", param="split")
    known = set(prompt.versions.filter(number__in=numbers).values_list("number", flat=True))
    for index, share in enumerate(split):
        if share["version"] not in known:
            param = "version" if len(split) == 1 else f"split[{index}].version"
            raise InvalidField(
                f"{prompt.name} has no version {share['version']}.", param=param, code="version_not_found"
            )
        if not (math.isfinite(share["weight"]) and 0 < share["weight"] <= MOST_WEIGHT):
            raise InvalidField(f"A weight is more than 0 and at most {MOST_WEIGHT:,}.", param=f"split[{index}].weight")


def _proposed(prompt: Prompt, label: str, after: Split, author: Author, reason: str) -> Proposal:
    """One for each label: a later one takes the place of an earlier one, and whoever is about to agree to that finds
    it gone."""
    prompt.proposals.filter(label=label).delete()
    return Proposal.objects.create(
        prompt=prompt,
        label=label,
        before=standing(prompt, label),
        after=after,
        reason=reason,
        author=author.name,
        user_id=author.user_id,
        created_at=timezone.now(),
    )


def _made(prompt: Prompt, label: str, after: Split, author: Author, *, reason: str, approver: str = "") -> LabelMove:
    before, now = standing(prompt, label), timezone.now()
    last = prompt.moves.filter(label=label).first()
    if before == after and last is not None:
        return last
    Label.objects.update_or_create(
        prompt=prompt,
        name=label,
        defaults={"split": after, "moved_at": now},
        create_defaults={"split": after, "moved_at": now, "protected": label in PROTECTED},
    )
    made = LabelMove.objects.create(
        prompt=prompt,
        label=label,
        before=before,
        after=after,
        reason=reason,
        author=author.name,
        user_id=author.user_id,
        approver=approver,
        created_at=now,
    )
    shelve(prompt)
    return made

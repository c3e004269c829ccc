"""Moving labels: the one place that asks for rights, reasons, green examples and a second pair of eyes."""

from __future__ import annotations

import math
import re

from django.utils import timezone

from llm.errors import Conflict, Forbidden, InvalidField, NotFound
from prompts.choosing import Split
from prompts.models import LABELS, PROTECTED, Label, LabelMove, Prompt, Proposal
from prompts.writing.authors import Author
from prompts.writing.bundle import atomic, held, shelve
from prompts.writing.editing import LONGEST_AUTHOR, check_may_secure, plain
from prompts.writing.greenness import check_green

LABEL = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
MOST_SHARES = 8
MOST_LABELS = 100
"""Of its own, that one prompt has: what they mean lies in every process' memory."""
MOST_WEIGHT = 1_000_000
LONGEST_REASON = 2_000


def whole(version: int) -> Split:
    """All of a label's calls to one version."""
    return [{"version": version, "weight": 1.0}]


@atomic
def move(prompt: Prompt, label: str, after: Split, author: Author, *, reason: str = "") -> LabelMove | Proposal:
    """A Proposal where the prompt asks for four eyes. Moving a label to where it is changes nothing.

    Raises InvalidField, and Forbidden for a protected label without the right.
    """
    locked = held(prompt)
    row = found(locked, label)
    check_split(locked, after)
    reason = plain(reason.strip(), "reason", LONGEST_REASON)
    if not row.protected:
        return _made(row, after, author, reason=reason)
    if row.split == after and (last := locked.moves.filter(label=label).first()):
        return last
    check_may_publish(locked, label, author)
    if not reason:
        raise InvalidField(f"{label} is protected: say why it moves.", param="reason", code="reason_missing")
    if locked.needs_green:
        check_green(locked, [share["version"] for share in after])
    if locked.needs_approval:
        return _proposed(row, after, author, reason)
    return _made(row, after, author, reason=reason)


@atomic
def approve(proposal: Proposal, approver: Author) -> LabelMove | Proposal:
    """What nobody we know has wished, but a key, a command, or somebody who is gone, becomes the approver's own wish
    and waits on: a key says nothing of who holds it.

    Raises Forbidden for its own author and for who may not publish, Conflict where it does not wait any more.
    """
    locked = held(proposal.prompt)
    waiting = _waiting(locked, proposal)
    check_may_publish(locked, waiting.label, approver)
    if approver.user_id is None or waiting.user_id == approver.user_id:
        raise Forbidden("Four eyes: somebody else has to agree.", code="own_proposal")
    if locked.needs_green:
        check_green(locked, [share["version"] for share in waiting.after])
    if waiting.user_id is None:
        return _taken_up(waiting, approver)
    proposer, row = Author(waiting.author, waiting.user_id), found(locked, waiting.label)
    return _made(row, waiting.after, proposer, reason=waiting.reason, approver=approver.name)


@atomic
def decline(proposal: Proposal, author: Author) -> None:
    """Taking back one's own needs no right. Raises Forbidden, and Conflict where it does not wait any more."""
    locked = held(proposal.prompt)
    waiting = _waiting(locked, proposal)
    if waiting.user_id is None or waiting.user_id != author.user_id:
        check_may_publish(locked, waiting.label, author)
    waiting.delete()


@atomic
def protect(prompt: Prompt, label: str, author: Author, *, protected: bool) -> None:
    """Raises Forbidden for who may not say what publishing takes, and NotFound for a label that never moved."""
    locked = held(prompt)
    check_may_secure(locked, author)
    if not locked.labels.filter(name=label).update(protected=protected):
        raise NotFound(f"{label} of {locked.name} means no version yet.", param="label", code="label_not_found")


def found(prompt: Prompt, label: str) -> Label:
    """As it stands now. One that was never moved has no row yet, and means nothing. Raises InvalidField."""
    if not LABEL.fullmatch(label):
        raise InvalidField(
            "A label has lower-case letters, digits, dots, dashes and underscores, at most 64.", param="label"
        )
    row = prompt.labels.filter(name=label).first()
    return row or Label(prompt=prompt, name=label, split=[], protected=label in PROTECTED)


def standing(prompt: Prompt, label: str) -> Split:
    """The versions that the label means now; none of one that was never moved. Raises InvalidField."""
    return found(prompt, label).split


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


def _check_room(prompt: Prompt) -> None:
    """Raises InvalidField."""
    if prompt.labels.exclude(name__in=LABELS).count() >= MOST_LABELS:
        raise InvalidField(f"{prompt.name} has {MOST_LABELS} labels of its own, and no room for more.", param="label")


def _waiting(prompt: Prompt, proposal: Proposal) -> Proposal:
    """As it is now. Raises Conflict."""
    row = prompt.proposals.filter(pk=proposal.pk).first()
    if row is None:
        raise Conflict("It does not wait any more.", code="proposal_gone", hint="Look at what waits now.")
    return row


def _taken_up(proposal: Proposal, author: Author) -> Proposal:
    proposal.author = f"{author.name}, for {proposal.author}"[:LONGEST_AUTHOR]
    proposal.user_id = author.user_id
    proposal.save()
    return proposal


def _proposed(row: Label, after: Split, author: Author, reason: str) -> Proposal:
    """One for each label: a later one takes the place of an earlier one, and whoever is about to agree to that finds
    it gone. What waits already is not asked for anew by a key or a command, which may say so every night."""
    waiting = row.prompt.proposals.filter(label=row.name).first()
    if waiting is not None and waiting.after == after and author.user_id is None:
        return waiting
    row.prompt.proposals.filter(label=row.name).delete()
    return Proposal.objects.create(
        prompt=row.prompt,
        label=row.name,
        before=row.split,
        after=after,
        reason=reason,
        author=author.name,
        user_id=author.user_id,
        created_at=timezone.now(),
    )


def _made(row: Label, after: Split, author: Author, *, reason: str, approver: str = "") -> LabelMove:
    prompt, before, now = row.prompt, row.split, timezone.now()
    prompt.proposals.filter(label=row.name).delete()  # wishes to move it from where it stood
    if before == after and (last := prompt.moves.filter(label=row.name).first()):
        return last
    if row._state.adding and row.name not in LABELS:
        _check_room(prompt)
    row.split, row.moved_at = after, now
    row.save()
    made = LabelMove.objects.create(
        prompt=prompt,
        label=row.name,
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

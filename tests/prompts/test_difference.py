"""What one version says otherwise than another."""

from __future__ import annotations

import json
from typing import Any

from prompts.difference import Change, difference
from prompts.wording import Wording
from prompts.words import Piece
from tests.prompts.drafts import wording


def changes(before: Wording, after: Wording) -> list[tuple[str, str, str]]:
    return [(each.subject, each.name, each.happening) for each in difference(before, after)]


def name(kind: str = "string", **rest: Any) -> dict[str, Any]:
    return {"name": "name", "type": kind, **rest}


def test_a_wording_does_not_differ_from_itself() -> None:
    draft = wording(("system", "a"), ("user", "b"), variables=[name()], options={"seed": 1}, model="m")
    assert difference(draft, draft) == []


def test_a_changed_message_is_told_word_by_word_with_both_roles() -> None:
    (change,) = difference(wording(("system", "Be kind.")), wording(("developer", "Be brief.")))
    pieces: tuple[Piece, ...] = (("same", "Be "), ("gone", "kind"), ("new", "brief"), ("same", "."))
    assert change == Change("message", "1", "changed", "system", "developer", pieces)


def test_a_message_put_in_between_leaves_the_others_as_they_were() -> None:
    before = wording(("system", "a"), ("user", "b"))
    after = wording(("system", "a"), ("user", "new"), ("user", "b"))
    assert changes(before, after) == [("message", "2", "added")]
    assert changes(after, before) == [("message", "2", "removed")]


def test_messages_are_paired_in_their_order_and_one_that_moved_says_so() -> None:
    before = wording(("system", "a"), ("user", "b"), ("assistant", "c"))
    after = wording(("user", "b"), ("assistant", "d"), ("user", "e"))
    assert changes(before, after) == [
        ("message", "1", "removed"),
        ("message", "3 → 2", "changed"),
        ("message", "3", "added"),
    ]


def test_variables_and_settings_are_told_by_name() -> None:
    before = wording(("user", "a"), variables=[name()], options={"seed": 1, "top_p": 0.5}, model="m")
    after = wording(
        ("user", "a"), variables=[name(max_length=3)], options={"seed": 2}, response_schema={"type": "object"}
    )
    assert changes(before, after) == [
        ("variable", "name", "changed"),
        ("setting", "model", "removed"),
        ("setting", "options.seed", "changed"),
        ("setting", "options.top_p", "removed"),
        ("setting", "response_schema", "added"),
    ]


def test_a_changed_setting_is_told_as_text() -> None:
    (change,) = difference(wording(("user", "a"), options={"seed": 1}), wording(("user", "a"), options={"seed": 2}))
    assert (change.before, change.after, change.pieces) == ("1", "2", (("gone", "1"), ("new", "2")))


def test_a_difference_is_fit_for_json() -> None:
    (change,) = difference(wording(("user", "a")), wording(("user", "a b")))
    assert json.loads(json.dumps(change.as_json())) == {
        "subject": "message",
        "name": "1",
        "change": "changed",
        "before": "user",
        "after": "user",
        "pieces": [{"kind": "same", "text": "a"}, {"kind": "new", "text": " b"}],
    }

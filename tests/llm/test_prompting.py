"""A request's prompt in its place: what comes first, what wins, and how what is wrong is named."""

from __future__ import annotations

from typing import Any

import pytest

from llm.call import Call, Caller
from llm.errors import InvalidField, NotFound
from llm.prompting import Choice, NoPrompts, Rendered, prompted
from llm.types import JsonObject, Message, Metadata, Options, PromptReference, Text
from tests.llm.doubles import call, request

OURS = Message("user", [Text("Mine")])
THEIRS = Message("system", [Text("Theirs")])


class Shelf:
    """Knows one prompt, once it has been looked for `late` times; remembers the lots it was asked with."""

    def __init__(self, late: int = 0, error: InvalidField | None = None) -> None:
        self.late, self.error = late, error
        self.lots: list[str] = []
        self.renewed = 0

    def choose(self, caller: Caller, asked: PromptReference, lot: str) -> Choice:
        self.lots.append(lot)
        if self.renewed < self.late:
            raise NotFound("There is none.", param="name", code="prompt_not_found")
        return Choice(1, "greeting", 3, "production")

    async def render(self, choice: Choice, variables: JsonObject) -> Rendered:
        if self.error is not None:
            raise self.error
        return Rendered([THEIRS], "theirs", Options(temperature=0.5, max_tokens=7))

    async def renew(self) -> None:
        self.renewed += 1


def asking(**said: Any) -> Call:
    return call(request(messages=[OURS], prompt=PromptReference("greeting"), **said))


async def test_its_messages_come_first_and_the_record_says_which_it_was() -> None:
    shelf, asked = Shelf(), asking(model=None)
    written = await prompted(asked, shelf, shelf.renew)
    assert written.messages == [THEIRS, OURS]
    assert written.model == "theirs"
    record = asked.record
    assert (record.prompt, record.prompt_version, record.prompt_label) == ("greeting", 3, "production")


async def test_what_the_request_says_wins() -> None:
    shelf = Shelf()
    written = await prompted(asking(model="mine", options=Options(temperature=1.0)), shelf, shelf.renew)
    assert written.model == "mine"
    assert written.options == Options(temperature=1.0, max_tokens=7)


async def test_an_unknown_prompt_may_only_be_new() -> None:
    shelf = Shelf(late=1)
    assert (await prompted(asking(), shelf, shelf.renew)).messages[0] == THEIRS
    assert shelf.renewed == 1


async def test_one_that_is_not_there_is_looked_for_once_more_and_no_more() -> None:
    shelf, asked = Shelf(late=9), asking(dialect="native")
    with pytest.raises(NotFound) as caught:
        await prompted(asked, shelf, shelf.renew)
    assert (caught.value.param, shelf.renewed) == ("prompt.name", 1)
    assert asked.record.prompt == "greeting"


@pytest.mark.parametrize(("dialect", "prefix"), [("native", ""), ("openai", "gatehouse."), ("anthropic", "gatehouse.")])
async def test_what_is_wrong_is_named_as_the_dialect_spells_it(dialect: str, prefix: str) -> None:
    shelf = Shelf(error=InvalidField("variables.customer: wrong", param="variables.customer"))
    with pytest.raises(InvalidField) as caught:
        await prompted(asking(dialect=dialect), shelf, shelf.renew)
    assert caught.value.param == f"{prefix}prompt.variables.customer"


async def test_the_record_of_what_is_refused_for_its_variables_says_of_which_version() -> None:
    shelf, asked = Shelf(error=InvalidField("customer: it is missing", param="variables.customer")), asking()
    with pytest.raises(InvalidField):
        await prompted(asked, shelf, shelf.renew)
    assert (asked.record.prompt_version, asked.record.prompt_label) == (3, "production")


async def test_a_user_keeps_a_lot_and_without_one_the_session_does() -> None:
    shelf = Shelf()
    for metadata in (Metadata(user_id="u", session_id="s"), Metadata(session_id="s"), Metadata()):
        await prompted(asking(metadata=metadata), shelf, shelf.renew)
    assert shelf.lots[:2] == ["u", "s"]
    assert shelf.lots[2].startswith("gen_")


async def test_without_a_library_there_is_no_prompt() -> None:
    with pytest.raises(NotFound):
        await prompted(asking(), NoPrompts(), Shelf().renew)

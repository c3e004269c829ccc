"""What callers write: a new conversation, and what is said in one. Read strictly, every complaint with its path."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace

from llm.dialects.fields import NAME, Fields, wrong
from llm.dialects.gatehouse import read_metadata, read_prompt
from llm.dialects.messages import MessageReader, read_messages
from llm.dialects.native.parts import read_part
from llm.dialects.native.requests import read_rest
from llm.types import JsonObject, Message, Metadata, PromptReference, Request, Text

ROLES = ("user", "tool")
TITLE = NAME


@dataclass(slots=True, frozen=True)
class Opening:
    """A conversation as its maker wants it. What it says of model, prompt and metadata holds for every turn."""

    title: str
    system: str | None
    model: str | None
    prompt: PromptReference | None
    metadata: Metadata


def parse_opening(body: JsonObject) -> Opening:
    """Raises InvalidField."""
    fields = Fields(body, "", strict=True)
    prompt, metadata = fields.inner("prompt"), fields.inner("metadata")
    opening = Opening(
        title=_plain(fields.text("title", most=TITLE), "title") or "",
        system=fields.text("system", most=None),
        model=fields.text("model"),
        prompt=read_prompt(prompt) if prompt else None,
        metadata=read_metadata(metadata) if metadata else Metadata(),
    )
    _plain(opening.metadata.user_id, "metadata.user_id")
    fields.rest()
    return opening


def _plain(text: str | None, path: str) -> str | None:
    """Without NUL, which no column of text takes."""
    if text and "\x00" in text:
        raise wrong(path, text, "a string without NUL")
    return text


def parse_turn(body: JsonObject) -> Request:
    """`content` is a user's message; `messages` are several, or the results of tools. Raises InvalidField."""
    fields = Fields(body, "", strict=True)
    request = Request(messages=_said(fields), model=fields.text("model"))
    read_rest(fields, request)
    return request


def _said(fields: Fields) -> list[Message]:
    content = fields.left.pop("content", None)
    messages = read_messages(fields, read_part)
    if content is not None and messages:
        raise wrong("messages", messages, "nothing beside content")
    if content is not None:
        said = Fields({"role": "user", "content": content}, "", strict=True)
        messages = [MessageReader(read_part).read(said)]
    if not messages:
        raise wrong("content", None, "a string or a list of parts")
    for at, message in enumerate(messages):
        _check(message, "content" if content is not None else f"messages[{at}].content", f"messages[{at}].role")
    return messages


def _check(message: Message, content: str, role: str) -> None:
    if message.role not in ROLES:
        raise wrong(role, message.role, " or ".join(ROLES))
    for part in message.parts if message.role == "user" else ():
        if isinstance(part, Text) and not part.text:
            raise wrong(content, "", "something to say")


def merged(ours: Metadata, theirs: Metadata) -> Metadata:
    """The turn's own metadata over the conversation's."""
    unsaid = Metadata()
    said = {
        name: value
        for name, value in ((name, getattr(theirs, name)) for name in Metadata.__slots__)
        if value != getattr(unsaid, name)
    }
    return replace(ours, **{"request_id": None, **said, "tags": ours.tags | theirs.tags})


def kept(thing: PromptReference | Metadata | None) -> JsonObject | None:
    """As a caller would write it, to be read again by the same readers."""
    return None if thing is None else {name: value for name, value in asdict(thing).items() if value is not None}

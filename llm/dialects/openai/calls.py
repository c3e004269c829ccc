"""Tool calls as vendors stream them, brought into order: every call has an id and an index without gaps."""

from __future__ import annotations

from secrets import token_hex
from typing import Any

import orjson

from llm.errors import ProviderBroken
from llm.types import JsonObject, ToolCallDelta

MOST_CALLS = 1_024
KNOWN = frozenset({"index", "id", "type", "function", "custom"})
KNOWN_INSIDE = frozenset({"name", "arguments", "input"})


class CallParser:
    """The calls of one choice. `wire` maps the vendor's index to the place of the call it means at present."""

    __slots__ = ("arguments", "ids", "unnamed", "wire")

    def __init__(self) -> None:
        self.ids: list[str] = []
        self.arguments: list[list[str]] = []
        self.unnamed: set[int] = set()
        self.wire: dict[int, int] = {}

    def parse(self, call: JsonObject, choice: int) -> ToolCallDelta:
        kind = _kind(call)
        inside = call.get(kind)
        if type(inside) is not dict:
            inside = call
        index, identity, name = _index(call), _word(call.get("id")), _word(inside.get("name"))
        arguments = _text(inside.get("input" if kind == "custom" else "arguments"))
        place = self._place(index, identity, name)
        if place is not None and identity is None and name and arguments and self._is_whole(place):
            place = None
        if place is None:
            place = self._begin(index, identity)
            identity = self.ids[place]
        else:
            identity = None
        if place not in self.unnamed:
            name = None
        elif name is not None:
            self.unnamed.remove(place)
        self.arguments[place].append(arguments)
        return ToolCallDelta(place, identity, name, arguments, kind, choice, _extra(call, kind))

    def _place(self, index: int | None, identity: str | None, name: str | None) -> int | None:
        """The call that a piece belongs to; None where it begins a new one.

        Some vendors send no index, some the same one for every call: an id not seen before, with a name, is a new call.
        """
        if identity is not None and identity in self.ids:
            return self.ids.index(identity)
        if name is not None and (identity is not None or index is None):
            return None
        if index is None:
            return len(self.ids) - 1 if self.ids else None
        return self.wire.get(index)

    def _is_whole(self, place: int) -> bool:
        """All arguments have come: the next name on the same index, without an id, is that of another call."""
        try:
            return type(orjson.loads("".join(self.arguments[place]))) is dict
        except orjson.JSONDecodeError:
            return False

    def _begin(self, index: int | None, identity: str | None) -> int:
        place = len(self.ids)
        if place >= MOST_CALLS:
            raise ProviderBroken(f"The provider's answer calls more than {MOST_CALLS} tools at once.")
        self.arguments.append([])
        self.ids.append(identity or f"call_{token_hex(12)}")
        self.unnamed.add(place)
        if index is not None:
            self.wire[index] = place
        return place


def _kind(call: JsonObject) -> str:
    """The type comes with the first piece only, and some vendors fill in the form for the other kind with blanks."""
    if call.get("type") is None and type(call.get("function")) is not dict and type(call.get("custom")) is dict:
        return "custom"
    return "custom" if call.get("type") == "custom" else "function"


def _index(call: JsonObject) -> int | None:
    index = call.get("index")
    if type(index) is str and index.isdecimal() and len(index) < 10:
        return int(index)
    return index if type(index) is int else None


def _word(value: Any) -> str | None:
    return str(value) if value else None


def _text(arguments: Any) -> str:
    """Some vendors send the arguments parsed already."""
    if type(arguments) is str:
        return arguments
    return "" if arguments is None else orjson.dumps(arguments).decode()


def _extra(call: JsonObject, kind: str) -> JsonObject | None:
    extra = {name: value for name, value in call.items() if name not in KNOWN and value is not None}
    inside = call.get(kind)
    if type(inside) is dict and not inside.keys() <= KNOWN_INSIDE:
        extra[kind] = {name: value for name, value in inside.items() if name not in KNOWN_INSIDE}
    return extra or None

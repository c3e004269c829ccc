"""To which versions somebody wants a label to go, as the form of a move says it."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import zip_longest
from typing import Self
from urllib.parse import urlencode

from django.http import QueryDict

from llm.errors import InvalidField
from prompts.admin.pages.doors import whole_number
from prompts.choosing import Share, Split, in_words
from prompts.writing.labelling import MOST_SHARES, whole


@dataclass(slots=True, frozen=True)
class Part:
    """A row of the form: a version or none yet, and its weight as it was typed."""

    version: int | None = None
    weight: str = ""

    @classmethod
    def of(cls, share: Share) -> Self:
        return cls(share["version"], str(share["weight"]).removesuffix(".0"))

    def share(self) -> Share:
        """Raises InvalidField."""
        assert self.version is not None
        try:
            return {"version": self.version, "weight": float(self.weight)}
        except ValueError:
            raise InvalidField(
                f"Version {self.version} has no weight.", param="weight", hint="A number such as 90, or 0.5."
            ) from None


@dataclass(slots=True, frozen=True)
class Wish:
    parts: list[Part]
    reason: str = ""

    @classmethod
    def read(cls, said: QueryDict) -> Self:
        """Rows without a version are none; one more than a label can mean is kept, so that it is refused."""
        rows = zip_longest(said.getlist("to"), said.getlist("weight"), fillvalue="")
        named = [Part(version, weight) for text, weight in rows if (version := whole_number(text)) is not None]
        return cls(named[: MOST_SHARES + 1], said.get("reason", ""))

    @classmethod
    def back(cls, before: Split) -> Self:
        """To where the label was."""
        parts = [Part.of(share) for share in before] if len(before) > 1 else [Part(before[0]["version"])]
        return cls(parts, f"Back to {in_words(before)}")

    def split(self) -> Split:
        """Raises InvalidField."""
        if not self.parts:
            raise InvalidField("Choose a version.", param="to")
        if len(self.parts) == 1 and self.parts[0].version is not None:
            return whole(self.parts[0].version)
        return [part.share() for part in self.parts]

    @property
    def query(self) -> str:
        """Of the address where the form says it already."""
        said: list[tuple[str, object]] = []
        for part in self.parts:
            said += [("to", part.version), *([("weight", part.weight)] if len(self.parts) > 1 else [])]
        return urlencode([*said, *([("reason", self.reason)] if self.reason else [])])

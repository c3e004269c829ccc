"""Bodies of the API, read strictly."""

from __future__ import annotations

from llm.dialects.fields import Fields, wrong
from llm.dialects.gatehouse import LARGEST_VERSION
from llm.types import PromptReference
from prompts.choosing import Share, Split
from prompts.models import Category
from prompts.writing.editing import LONGEST_DESCRIPTION, MOST_TAGS, Details
from prompts.writing.labelling import LONGEST_REASON, MOST_SHARES, MOST_WEIGHT, whole

MOST_VERSIONS = 3


def read_details(fields: Fields) -> Details:
    """All of `fields`. Raises InvalidField."""
    details = Details(
        name=fields.required_text("name"),
        description=fields.text("description", most=LONGEST_DESCRIPTION) or "",
        category=fields.word("category", tuple(Category.values)) or Category.CHAT,
        tags=fields.texts("tags", most=MOST_TAGS) or [],
    )
    fields.rest()
    return details


def read_reference(fields: Fields, name: str) -> tuple[PromptReference, str | None]:
    """What to render, and the model to weigh it for. Raises InvalidField."""
    asked = PromptReference(
        name=name,
        label=fields.text("label"),
        version=fields.integer("version", 1, LARGEST_VERSION),
        variables=fields.mapping("variables") or {},
    )
    model = fields.text("model")
    fields.rest()
    return asked, model


def read_versions(fields: Fields) -> list[int]:
    """Numbers of up to three. Raises InvalidField."""
    items = fields.items("versions", most=MOST_VERSIONS) or []
    fields.rest()
    return [_number(item, f"versions[{index}]") for index, item in enumerate(items)]


def _number(item: object, path: str) -> int:
    found = Fields({path: item}, "", strict=True).integer(path, 1, LARGEST_VERSION)
    if found is None:
        raise wrong(path, item, "the number of a version")
    return found


def read_move(fields: Fields) -> tuple[Split, str]:
    """Where a label goes, and why. Raises InvalidField."""
    split = read_split(fields)
    reason = fields.text("reason", most=LONGEST_REASON) or ""
    fields.rest()
    return split, reason


def read_split(fields: Fields) -> Split:
    version = fields.integer("version", 1, LARGEST_VERSION)
    shares = fields.each("split", most=MOST_SHARES)
    if (version is None) == (shares is None):
        raise fields.wrong("version", version, "a version, or a split of several, and not both")
    return whole(version) if version is not None else [_share(share) for share in shares or ()]


def _share(fields: Fields) -> Share:
    version, weight = fields.integer("version", 1, LARGEST_VERSION), fields.number("weight", 0, MOST_WEIGHT)
    if version is None:
        raise fields.wrong("version", None, "the number of a version")
    fields.rest()
    return {"version": version, "weight": 1.0 if weight is None else weight}

"""JSON and YAML, of which only what JSON can say too: no tags, no anchors, no dates, no key twice."""

from __future__ import annotations

import re
from typing import Any

import orjson
import yaml

from llm.dialects.body import parse_body
from llm.errors import BodyTooLarge, MalformedBody
from llm.types import JsonObject
from prompts.transfer.plain import PLAIN, Shape

MOST_YAML = 8 * 2**20
"""Bytes; YAML takes a hundred times as long as JSON to read."""
MOST_EVENTS = 200_000
SOURCE = ' in "<byte string>",'
"""What the reader calls a file of which it has the bytes alone."""

BREAKS = re.compile("[\r\x85\u2028\u2029]")
"""New lines to YAML, which would read back as others: between quotes they are spelt out."""


class PlainLoader(yaml.CSafeLoader):
    """What looks like a date, or like `yes`, is text."""

    yaml_implicit_resolvers: dict[str, list[Any]] = {}


class PlainDumper(yaml.SafeDumper):
    """Long texts stand in blocks, to be read and compared line by line."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _text(dumper: PlainDumper, said: str) -> yaml.Node:
    style = '"' if BREAKS.search(said) else "|" if "\n" in said else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", said, style=style)


PlainDumper.add_representer(str, _text)
for name, (pattern, first) in PLAIN.items():
    for kind in (PlainLoader, PlainDumper):
        kind.add_implicit_resolver(f"tag:yaml.org,2002:{name}", re.compile(pattern), first)


def as_json(document: JsonObject) -> bytes:
    return orjson.dumps(document, option=orjson.OPT_INDENT_2)


def as_yaml(document: JsonObject) -> bytes:
    said: str = yaml.dump(document, Dumper=PlainDumper, allow_unicode=True, sort_keys=False, width=120)
    return said.encode()


def read(raw: bytes) -> JsonObject:
    """JSON where it begins like an object, else YAML. Raises MalformedBody and BodyTooLarge."""
    if raw.lstrip()[:1] == b"{":
        return parse_body(raw)
    if len(raw) > MOST_YAML:
        raise BodyTooLarge(
            f"The file has {len(raw):,} bytes of YAML, at most {MOST_YAML:,} are read.", hint="Use JSON."
        )
    try:
        _check(raw)
        found = yaml.load(raw, Loader=PlainLoader)  # noqa: S506  # a safe loader, and less
    except (yaml.YAMLError, UnicodeDecodeError, ValueError) as error:
        said = " ".join(str(error).replace(SOURCE, " at").split())
        raise MalformedBody(f"The file is no YAML that is read here: {said[:300]}.") from None
    if not isinstance(found, dict):
        raise MalformedBody("The file is no object.")
    return found


def _check(raw: bytes) -> None:
    """Before anything is built of it: an anchor may stand for itself a billion times, and a tag for code."""
    shape = Shape()
    for count, event in enumerate(yaml.parse(raw, Loader=yaml.CSafeLoader)):
        if (problem := _refused(event) or shape.problem(event)) is not None:
            raise _complaint(problem, event)
        if count > MOST_EVENTS:
            raise _complaint("made of too many pieces: use JSON", event)


def _refused(event: yaml.Event) -> str | None:
    if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
        return "anchors and aliases are not read"
    return "type tags are not read" if getattr(event, "tag", None) else None


def _complaint(problem: str, event: yaml.Event) -> yaml.MarkedYAMLError:
    mark: Any = event.start_mark
    return yaml.MarkedYAMLError(problem=problem, problem_mark=mark)

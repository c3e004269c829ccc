"""What a registry file may say: one shape for each noun, with the default of every field left out."""

from __future__ import annotations

import re
from typing import Any

import yaml
from yaml.constructor import ConstructorError
from yaml.nodes import MappingNode

from llm.models import DEFAULT_SCOPES, RATES, Kind, Occasion, Period, Scope, Strategy
from llm.models.budgets import default_shares
from llm.models.limited import LIMIT_NAMES
from llm.registry_file.place import Place, Problem, Refused
from llm.registry_file.readers import (
    Absent,
    Field,
    Shape,
    amount,
    day,
    instant,
    list_of,
    mapping,
    named,
    number,
    object_of,
    one_of,
    optional,
    positive,
    price,
    secret,
    text,
    truth,
    whole,
)

Document = dict[str, list[dict[str, Any]] | None]

FEATURES: Shape = {name: Field(truth, True) for name in ("streaming", "tools", "images", "caching")}
LIMITS: Shape = {name: Field(optional(whole), None) for name in LIMIT_NAMES}
PRICES: Shape = {f"{rate}_price": Field(optional(price), None) for rate in RATES}
LONG_PROMPT: Shape = {"above": Field(positive), **PRICES}
TIERS: Shape = {**PRICES, "long_prompts": Field(optional(list_of(object_of(LONG_PROMPT)), []), [])}
DATED_PRICE: Shape = {"valid_from": Field(instant), **TIERS}
PROVIDER: Shape = {
    "name": Field(text),
    "kind": Field(one_of(*Kind.values)),
    "base_url": Field(optional(text, ""), ""),
    "api_key": Field(secret, Absent.KEPT),
    "organization": Field(optional(text, ""), ""),
    "default_model": Field(optional(text), None),
    "defaults": Field(optional(mapping, {}), {}),
    "timeout": Field(number, 60.0),
    "connect_timeout": Field(number, 5.0),
    "first_token_timeout": Field(number, 30.0),
    "chunk_timeout": Field(number, 30.0),
    "retries": Field(whole, 3),
    "retry_delay": Field(number, 1.0),
    **LIMITS,
    "interactive_share": Field(number, 0.1),
    "features": Field(object_of(FEATURES), dict.fromkeys(FEATURES, True)),
}
ROUTE: Shape = {
    "provider": Field(text),
    "upstream_model": Field(text),
    "order": Field(whole, 1),
    "weight": Field(whole, 1),
    **LIMITS,
    **TIERS,
    "prices": Field(optional(list_of(object_of(DATED_PRICE)), []), []),
}
MODEL: Shape = {
    "name": Field(text),
    "aliases": Field(list_of(text), []),
    "context_window": Field(optional(whole), None),
    "max_output_tokens": Field(optional(whole), None),
    "training_cutoff": Field(optional(day), None),
    "capabilities": Field(list_of(text), []),
    "quality": Field(optional(whole), None),
    "caching": Field(truth, True),
    "strategy": Field(one_of(*Strategy.values), Strategy.ORDERED.value),
    "hedging": Field(truth, False),
    "continues": Field(truth, False),
    "fallbacks": Field(list_of(text), []),
    "content_filter_fallbacks": Field(list_of(text), []),
    "context_window_fallbacks": Field(list_of(text), []),
    "retires_on": Field(optional(day), None),
    "successor": Field(optional(text), None),
    "routes": Field(list_of(object_of(ROUTE)), []),
}
FALLBACKS = {
    "fallbacks": Occasion.FAILURE,
    "content_filter_fallbacks": Occasion.CONTENT_FILTER,
    "context_window_fallbacks": Occasion.CONTEXT_WINDOW,
}
"""What each list of a model is for."""
TIER: Shape = {
    "name": Field(text),
    "requirements": Field(mapping, {}),
}
BUDGET: Shape = {
    "scope": Field(one_of(*Scope.values)),
    "match": Field(optional(text, ""), ""),
    "amount": Field(amount),
    "period": Field(one_of(*Period.values), Period.MONTH.value),
    "hard": Field(truth, True),
    "alert_at": Field(list_of(positive), default_shares()),
}
TEAM: Shape = {"name": Field(text), **LIMITS}
ORGANISATION: Shape = {
    "name": Field(text),
    "time_zone": Field(text, "UTC"),
    "keeps_bodies": Field(truth, True),
    **LIMITS,
    "teams": Field(list_of(named(TEAM)), []),
    "budgets": Field(list_of(object_of(BUDGET)), []),
}
KEY: Shape = {
    "name": Field(text),
    "organisation": Field(text),
    "team": Field(optional(text), None),
    "key": Field(secret, Absent.KEPT),
    "models": Field(list_of(text), ["*"]),
    "scopes": Field(list_of(text), list(DEFAULT_SCOPES)),
    "origins": Field(list_of(text), []),
    **LIMITS,
    "reserve_max_tokens": Field(optional(whole), None),
    "expires_at": Field(optional(instant), None),
    "disabled": Field(truth, False),
    "budgets": Field(list_of(object_of(BUDGET)), []),
}
SECTIONS = {"providers": PROVIDER, "models": MODEL, "tiers": TIER, "organisations": ORGANISATION, "keys": KEY}
FILE: Shape = {name: Field(optional(list_of(object_of(shape)), []), None) for name, shape in SECTIONS.items()}
NAMED = re.compile(r"(?<=')[^'<]{2,}(?=')")
"""Aliases and tags by their names, in PyYAML's words."""


class _Loader(yaml.SafeLoader):
    """PyYAML lets the last of two equal keys win; a registry must not."""

    def construct_mapping(self, node: MappingNode, deep: bool = False) -> dict[Any, Any]:
        names = [key.value for key, _ in node.value]
        if twice := sorted({str(name) for name in names if names.count(name) > 1}):
            raise ConstructorError(None, None, f"{', '.join(twice)} stands there twice", node.start_mark)
        return super().construct_mapping(node, deep)


def _broken(error: yaml.YAMLError) -> str:
    """What is wrong and where, but not a letter of the line: it may hold a secret."""
    if not isinstance(error, yaml.MarkedYAMLError) or error.problem_mark is None:
        return "something else"
    mark = error.problem_mark
    return f"{NAMED.sub('…', error.problem or 'a mistake')} in line {mark.line + 1}, column {mark.column + 1}"


def parse(source: str) -> Document:
    """Every row with all its fields; a section left out is None. Raises `Refused` with all that is wrong."""
    try:
        found = yaml.load(source, _Loader)  # noqa: S506  # a SafeLoader underneath
    except yaml.YAMLError as error:
        raise Refused([Problem("the file", _broken(error), "YAML")]) from None
    problems: list[Problem] = []
    document: Document = object_of(FILE)({} if found is None else found, Place("", problems))
    if problems:
        raise Refused(problems)
    return document

"""The registry in Django's admin, for its operators."""

from llm.admin import budgets, keys, offers, organisations, people, prices, providers, tiers

__all__ = ["budgets", "keys", "offers", "organisations", "people", "prices", "providers", "tiers"]

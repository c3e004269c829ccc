"""The registry in Django's admin, for its operators."""

from llm.admin import keys, offers, organisations, people, prices, providers, tiers

__all__ = ["keys", "offers", "organisations", "people", "prices", "providers", "tiers"]

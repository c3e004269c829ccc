"""The registry in Django's admin, plain."""

from llm.admin import keys, offers, organisations, people, prices, providers

__all__ = ["keys", "offers", "organisations", "people", "prices", "providers"]

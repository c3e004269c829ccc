"""The registry in Django's admin, plain."""

from llm.admin import keys, offers, organisations, providers

__all__ = ["keys", "offers", "organisations", "providers"]

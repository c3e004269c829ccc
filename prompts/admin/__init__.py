"""Prompts in Django's admin, for their editors."""

from prompts.admin import desk

__all__ = ["desk"]

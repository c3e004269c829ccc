"""The page of one record: what the log knows of it, worked out for a person to read."""

from analytics.record_page.sheet import Sheet

__all__ = ["Sheet"]

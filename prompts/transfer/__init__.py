"""Prompts out of the database and into it again, with all that belongs to them: what came out goes in unchanged."""

from prompts.transfer.export import exported
from prompts.transfer.files import as_json, as_yaml, read
from prompts.transfer.importing import Change, Import, imported

__all__ = ["Change", "Import", "as_json", "as_yaml", "exported", "imported", "read"]

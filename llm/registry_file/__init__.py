"""The registry as a file: read and checked, held against the database, applied and written back."""

from llm.registry_file.apply import apply
from llm.registry_file.export import export
from llm.registry_file.place import Problem, Refused
from llm.registry_file.shape import Document, parse
from llm.registry_file.writing import Change, Outcome

__all__ = ["Change", "Document", "Outcome", "Problem", "Refused", "apply", "export", "parse"]

"""Typed variables: one declaration gives the reading of values, JSON Schema and the form."""

from prompts.variables.checker import Checker, faults
from prompts.variables.declaration import KINDS, Kind, Variable, read_variable, read_variables
from prompts.variables.schemas import json_schema

__all__ = ["KINDS", "Checker", "Kind", "Variable", "faults", "json_schema", "read_variable", "read_variables"]

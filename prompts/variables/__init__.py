"""Typed variables: one declaration gives the reading of values, JSON Schema and the form."""

from prompts.variables.declaration import KINDS, Kind, Variable, read_variable, read_variables
from prompts.variables.schemas import json_schema
from prompts.variables.values import Checker

__all__ = ["KINDS", "Checker", "Kind", "Variable", "json_schema", "read_variable", "read_variables"]

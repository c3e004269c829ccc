"""The tables of prompts: what they say, which version a label means, and what is expected of them."""

from prompts.models.examples import Example, Outcome, Result, Run, RunState
from prompts.models.labels import LABELS, PROTECTED, Label, LabelMove, Proposal
from prompts.models.prompts import Category, Prompt
from prompts.models.versions import Version

__all__ = [
    "LABELS",
    "PROTECTED",
    "Category",
    "Example",
    "Label",
    "LabelMove",
    "Outcome",
    "Prompt",
    "Proposal",
    "Result",
    "Run",
    "RunState",
    "Version",
]

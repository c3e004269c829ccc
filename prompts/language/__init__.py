"""The template language of prompts: `{{ name }}`, if, for and a few filters, over plain data and nothing else.

A value is put out as it is, once; nothing that stands in a value is ever read as a template.
"""

from prompts.language.errors import NoSuchValue, OutOfBounds, RenderError, TemplateError
from prompts.language.filters import FILTERS
from prompts.language.page import Page, Picture, Piece
from prompts.language.reading import KEYWORDS
from prompts.language.scanner import LONGEST_TAGS, Places
from prompts.language.template import Template
from prompts.language.uses import Manner, Use

__all__ = [
    "FILTERS",
    "KEYWORDS",
    "LONGEST_TAGS",
    "Manner",
    "NoSuchValue",
    "OutOfBounds",
    "Page",
    "Picture",
    "Piece",
    "Places",
    "RenderError",
    "Template",
    "TemplateError",
    "Use",
]

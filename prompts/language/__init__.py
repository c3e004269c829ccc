"""The template language of prompts: `{{ name }}`, if, for and a few filters, over plain data and nothing else."""

from prompts.language.errors import OutOfBounds, RenderError, TemplateError

__all__ = ["OutOfBounds", "RenderError", "TemplateError"]

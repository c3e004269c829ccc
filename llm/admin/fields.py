"""Form fields for the lists that the registry keeps as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django import forms


class LinesField(forms.CharField):
    """A list of texts, one on each line."""

    widget = forms.Textarea(attrs={"rows": 4, "cols": 60})

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(value) if isinstance(value, list) else value

    def to_python(self, value: Any) -> Any:
        return [line.strip() for line in (value or "").splitlines() if line.strip()]

    def has_changed(self, initial: Any, data: Any) -> bool:
        return bool(list(initial or []) != self.to_python(data))


class SharesField(forms.CharField):
    """Whole percents, with commas between."""

    def prepare_value(self, value: Any) -> Any:
        return ", ".join(map(str, value)) if isinstance(value, list) else value

    def to_python(self, value: Any) -> Any:
        said = (part.strip().removesuffix("%").strip() for part in (value or "").split(","))
        try:
            return [int(part) for part in said if part]
        except ValueError:
            raise forms.ValidationError("Whole percents with commas between, such as 50, 80.") from None

    def has_changed(self, initial: Any, data: Any) -> bool:
        return bool(self.prepare_value(initial) != self.prepare_value(data))


class ChoicesField(forms.MultipleChoiceField):
    """A list of some of a few known words, as boxes to tick; `said` explains each."""

    widget = forms.CheckboxSelectMultiple

    def __init__(
        self, words: Iterable[str], *, said: Mapping[str, str] | None = None, required: bool = False, **kwargs: Any
    ) -> None:
        choices = [(word, f"{word}: {said[word]}" if said else word) for word in words]
        super().__init__(choices=choices, required=required, **kwargs)

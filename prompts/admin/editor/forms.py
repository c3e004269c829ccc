"""The fields in which a wording is written: rows of messages and of variables, and the settings.

They take any text; what is wrong with it is said by those who read and judge wordings, wherever these come from.
"""

from __future__ import annotations

from typing import Any

from django import forms

from prompts.variables import KINDS
from prompts.variables.declaration import APPLIES, MAX_VARIABLES
from prompts.wording import MAX_MESSAGES, ROLES


class Text(forms.CharField):
    """Any text, as it was typed."""

    def __init__(self, *, rows: int = 0, applies: str = "", attrs: dict[str, str] | None = None, **more: Any) -> None:
        said = {"autocomplete": "off", "spellcheck": "false", **(attrs or {})}
        if applies:
            said["data-applies"] = " ".join(APPLIES[applies])
        widget = forms.Textarea({**said, "rows": str(rows)}) if rows else forms.TextInput(said)
        super().__init__(required=False, strip=False, widget=widget, **more)

    def clean(self, value: Any) -> str:
        """Browsers send line ends as two characters."""
        return str(super().clean(value)).replace("\r\n", "\n")


class Form(forms.Form):
    """Its labels end in nothing."""

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **{**more, "label_suffix": ""})


class MessageForm(Form):
    role = forms.ChoiceField(choices=[(role, role) for role in ROLES], initial="user")
    content = Text(rows=6, label="Text", attrs={"data-template": ""})


class VariableForm(Form):
    name = Text(attrs={"size": "16"})
    type = forms.ChoiceField(choices=[(kind, kind) for kind in KINDS], initial="string")
    required = forms.BooleanField(required=False, initial=True)
    example = Text(rows=1, help_text="Fills the preview.")
    description = Text(rows=1, help_text="What it is, for whoever fills it in.")
    default = Text(rows=1, help_text='Taken where nothing is given; "" is the empty text.')
    min = Text(label="Least", applies="min", attrs={"inputmode": "decimal"})
    max = Text(label="Most", applies="max", attrs={"inputmode": "decimal"})
    min_length = Text(label="Shortest", applies="min_length", attrs={"inputmode": "numeric"})
    max_length = Text(label="Longest", applies="max_length", attrs={"inputmode": "numeric"})
    pattern = Text(applies="pattern", help_text="A regular expression without look-around.")
    choices = Text(rows=3, applies="choices", help_text="One on each line.")
    schema = Text(rows=3, label="JSON Schema", applies="schema")

    @property
    def bounds(self) -> list[forms.BoundField]:
        """Fields that only some types have."""
        return [self[name] for name in APPLIES]

    @property
    def has_wrong_bounds(self) -> bool:
        return any(self[name].errors for name in ("default", *APPLIES))


class SettingsForm(Form):
    """Beside the wording's settings, the version it was made from, and what its author notes of it."""

    model = forms.CharField(required=False, widget=forms.Select, help_text="Asked where the caller names none.")
    temperature = Text(attrs={"inputmode": "decimal"}, help_text="0 to 2.")
    max_tokens = Text(attrs={"inputmode": "numeric"}, label="Longest answer", help_text="In tokens.")
    top_p = Text(attrs={"inputmode": "decimal"}, label="Top p", help_text="0 to 1.")
    stop = Text(rows=2, label="Stop at", help_text="One on each line.")
    options = Text(rows=3, label="Other options", help_text="A JSON object, named as in the API.")
    optimized_for = Text(rows=2, label="Written for the models", help_text="One on each line.")
    response_schema = Text(rows=3, label="Schema of the answer", help_text="A JSON Schema.")
    note = Text(label="What is new in this version?", attrs={"maxlength": "2000"})
    base = forms.IntegerField(min_value=0, max_value=2**31 - 1, widget=forms.HiddenInput)

    def __init__(self, *args: Any, models: list[str], **more: Any) -> None:
        super().__init__(*args, **more)
        chosen = self["model"].value()
        unknown = [str(chosen)] if chosen and chosen not in models else []
        self.fields["model"].widget.choices = [("", "None"), *((name, name) for name in [*unknown, *models])]


def called(setting: str) -> str:
    """What the pages call a setting: as its field does, else by the name that the API has for it."""
    name = setting.removeprefix("options.")
    field = SettingsForm.base_fields.get(name)
    return str(field.label or name.capitalize()) if field is not None else name


class Rows(forms.BaseFormSet):  # type: ignore[type-arg]  # Django's formsets take no arguments at run time
    """A row that nobody has touched is a row all the same."""

    def get_form_kwargs(self, index: int | None) -> dict[str, Any]:
        return {**super().get_form_kwargs(index), "empty_permitted": False, "use_required_attribute": False}


Messages = forms.formset_factory(
    MessageForm, formset=Rows, extra=0, max_num=MAX_MESSAGES, absolute_max=MAX_MESSAGES + 1
)
Variables = forms.formset_factory(
    VariableForm, formset=Rows, extra=0, max_num=MAX_VARIABLES, absolute_max=MAX_VARIABLES + 1
)

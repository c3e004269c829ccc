"""The base classes of every page in our admin, and all that is taken from django-unfold, which nobody else names."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.widgets import AdminSplitDateTime
from django.core.exceptions import BadRequest, ValidationError
from django.db.models import Model, QuerySet, prefetch_related_objects
from django.forms import Widget
from django.http import HttpRequest, HttpResponse
from unfold import widgets
from unfold.admin import ModelAdmin, TabularInline
from unfold.contrib.filters.admin import (
    AutocompleteSelectFilter,
    BooleanRadioFilter,
    ChoicesDropdownFilter,
    RangeDateFilter,
    RangeNumericFilter,
    RelatedDropdownFilter,
)
from unfold.forms import AdminPasswordChangeForm, PaginationInlineFormSet, UserChangeForm, UserCreationForm

from llm.admin.changes import Message, told

__all__ = [
    "AdminPasswordChangeForm",
    "Choice",
    "Days",
    "Desk",
    "Named",
    "NumberRange",
    "PaginationInlineFormSet",
    "Rows",
    "Searched",
    "UserChangeForm",
    "UserCreationForm",
    "YesOrNo",
    "coloured",
    "dressed",
]

Choice, Named, NumberRange, Searched, YesOrNo = (
    ChoicesDropdownFilter,
    RelatedDropdownFilter,
    RangeNumericFilter,
    AutocompleteSelectFilter,
    BooleanRadioFilter,
)
Column = TypeVar("Column", bound=Callable[..., object])
DRESS: dict[type[Widget], type[Widget]] = {
    forms.TextInput: widgets.UnfoldAdminTextInputWidget,
    forms.NumberInput: widgets.UnfoldAdminDecimalFieldWidget,
    forms.PasswordInput: widgets.UnfoldAdminPasswordWidget,
    forms.Textarea: widgets.UnfoldAdminTextareaWidget,
    forms.CheckboxInput: widgets.UnfoldBooleanSwitchWidget,
    forms.CheckboxSelectMultiple: widgets.UnfoldAdminCheckboxSelectMultipleWidget,
    AdminSplitDateTime: widgets.UnfoldAdminSplitDateTimeWidget,
}
"""What fields that a form of ours declares itself wear instead of Django's plain widgets."""


class Desk(ModelAdmin):  # type: ignore[misc]  # unfold carries no types
    """`list_select_related` and `list_prefetched` name what a list page shows of other rows, so that its queries do
    not grow with it.

    `nothing_yet` is the one sentence of an empty list.
    """

    list_per_page = 50
    list_filter_submit = True
    list_prefetched: tuple[str, ...] = ()
    show_full_result_count = False
    save_on_top = False
    warn_unsaved_form = True
    nothing_yet = ""

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        return dressed(super().get_form(request, obj, change, **kwargs))

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        page = super().get_changelist_instance(request)
        page.full_result_count = page.result_count  # else the heading calls what was never counted a result
        if self.list_prefetched:
            page.result_list = list(page.result_list)
            prefetch_related_objects(page.result_list, *self.list_prefetched)
        return page

    def response_action(self, request: HttpRequest, queryset: QuerySet[Any]) -> Any:
        """A tick for a row that cannot be is bad input, of which Django would make a 500."""
        try:
            for said in request.POST.getlist(ACTION_CHECKBOX_NAME):
                self.opts.pk.clean(said, None)
        except ValidationError:
            raise BadRequest("What was ticked is no row.") from None
        return super().response_action(request, queryset)

    def construct_change_message(self, request: HttpRequest, form: Any, formsets: Any, add: bool = False) -> Message:
        return told(form, formsets or (), add=add)

    def notices(self, obj: Any) -> Iterable[str]:
        """What whoever opens the page of `obj` should know first."""
        return ()

    def bars(self, obj: Any) -> Iterable[Any]:
        """How much of its limits and budgets `obj` has used, to be drawn on its page."""
        return ()

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.method == "GET" and (obj := context.get("original")) is not None:
            for notice in self.notices(obj):
                messages.warning(request, notice)
            context["bars"] = list(self.bars(obj))
        answer: HttpResponse = super().render_change_form(request, context, *args, **kwargs)
        return answer


class Rows(TabularInline):  # type: ignore[misc]  # as above
    """Parts of an object on its page."""

    extra = 0
    hide_title = True
    related: tuple[str, ...] = ()

    def get_queryset(self, request: HttpRequest) -> QuerySet[Model]:
        rows: QuerySet[Any] = super().get_queryset(request)
        return rows.select_related(*self.related) if self.related else rows

    def get_formset(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> Any:
        formset = super().get_formset(request, obj, **kwargs)
        for name, field in dressed(formset.form).base_fields.items():
            field.widget.attrs["aria-label"] = field.label or name.replace("_", " ")  # their headings label nothing
        return formset


class Days(RangeDateFilter):  # type: ignore[misc]  # as above
    """From one day to another, both of them included, written as everywhere in the admin."""

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(**dict(self._bounds()))

    def _bounds(self) -> Iterator[tuple[str, Any]]:
        for end, lookup in (("from", "date__gte"), ("to", "date__lte")):
            try:
                day = forms.DateField(required=False).clean(self.used_parameters.get(f"{self.parameter_name}_{end}"))
            except forms.ValidationError:
                continue
            if day is not None:
                yield f"{self.parameter_name}__{lookup}", day


def coloured(colours: dict[str, str], **said: Any) -> Callable[[Column], Column]:
    """A column of labels, as `admin.display` otherwise; what it shows, or the first of a pair, names the colour."""

    def mark(column: Column) -> Column:
        column.label = colours  # type: ignore[attr-defined]  # where unfold looks
        admin.display(**said)(column)
        return column

    return mark


def dressed(form: Any) -> Any:
    for field in form.base_fields.values():
        dress = DRESS.get(type(field.widget))
        if dress is not None:
            plain = field.widget
            field.widget = dress(attrs=plain.attrs)
            field.widget.is_required = plain.is_required
            if isinstance(field, forms.ChoiceField):
                field.widget.choices = field.choices
    return form

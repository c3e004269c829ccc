"""One declaration, compiled: it holds values to what its author said."""

from __future__ import annotations

from llm.dialects.fields import said
from llm.dialects.media import check_url
from llm.errors import InvalidField
from prompts.variables.bounds import Weight, refused, weigh
from prompts.variables.complaints import invalid
from prompts.variables.declaration import Variable
from prompts.variables.judge import Allowance, Judge, too_long
from prompts.variables.schemas import MAX_BODY, value_schema

AN_IMAGE = "an https:// address or a data:image/…;base64, URL that is complete"


class Held:
    """Immutable, safe in several threads."""

    __slots__ = ("_judge", "variable")

    def __init__(self, variable: Variable, path: str) -> None:
        """`path` is where the declaration stands. Raises InvalidField for one that cannot be held to."""
        self.variable = variable
        place = path if variable.schema is None else f"{path}.schema"
        self._judge = Judge(value_schema(variable), _weight(variable, path), path=place)

    @property
    def parts(self) -> int:
        """Of its schema, references followed."""
        return self._judge.weight.nodes

    def check(self, value: object, path: str, allowance: Allowance) -> object:
        """The value, whole numbers written as such. Raises InvalidField, `path` being where the value stands."""
        if self.variable.type == "image":
            return _picture(value, path)
        self._judge.check(value, path, allowance)
        return int(value) if type(value) is float and self.variable.type == "integer" else value


def _weight(variable: Variable, path: str) -> Weight:
    own = Weight(1, int(variable.pattern is not None))
    if variable.schema is None:
        return own
    _refuse_twice(variable, variable.schema, path)
    return own + weigh(variable.schema, f"{path}.schema")


def _refuse_twice(variable: Variable, schema: dict[str, object], path: str) -> None:
    """What the declaration says and its schema says otherwise."""
    for keyword, value in value_schema(variable, alone=True).items():
        if keyword in schema and schema[keyword] != value:
            raise refused(f"{path}.schema.{keyword}", "the variable's own fields say something else")


def _picture(value: object, path: str) -> str:
    if type(value) is not str or value[:8].lower().startswith("http://"):
        raise invalid(path, said(value), AN_IMAGE)
    if len(value) > MAX_BODY:
        raise too_long(path, f"an image has at most {MAX_BODY} characters")
    try:
        return check_url(value, path, kind="image")
    except InvalidField:
        raise invalid(path, said(value), AN_IMAGE) from None

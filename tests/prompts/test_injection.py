"""None of two hundred payloads is read as anything but text, wherever it stands."""

from __future__ import annotations

from typing import Any

import pytest

from llm.dialects.fields import Fields
from llm.errors import InvalidField
from llm.types import Text
from prompts.language import TemplateError
from prompts.render import compiled, problems
from prompts.texts import stray
from prompts.wording import read_wording
from tests.prompts.drafts import rendered, texts, wording
from tests.prompts.payloads import PAYLOADS

SECRET = "s3cret-of-another"

DRAFT = wording(
    ("system", "Serve {{ name }}."),
    ("user", "{% for item in entries %}[{{ item.text }}]{% endfor %}{% if name %}({{ name }}){% endif %}"),
    ("assistant", "{{ customer }}"),
    ("user", "{{ customer.note | default: '-' }}{{ secret | size }}"),
    variables=[
        {"name": "name", "type": "string"},
        {"name": "entries", "type": "array"},
        {"name": "customer", "type": "object"},
        {"name": "secret", "type": "string", "default": SECRET},
    ],
)
COMPILED = compiled(DRAFT)


def test_there_are_at_least_two_hundred_and_none_twice() -> None:
    assert len(PAYLOADS) >= 200
    assert len(set(PAYLOADS)) == len(PAYLOADS)


@pytest.mark.parametrize("payload", PAYLOADS)
def test_a_payload_in_values_comes_out_as_it_is_and_opens_no_message(payload: str) -> None:
    values: dict[str, Any] = {
        "name": payload,
        "entries": [{"text": payload}],
        "customer": {"note": payload, payload: 1},
    }
    messages = COMPILED.render(values)
    assert [message.role for message in messages] == ["system", "user", "assistant", "user"]
    said = texts(messages)
    assert said[0] == f"Serve {payload}."
    assert said[1] == f"[{payload}]" + f"({payload})"
    assert said[3] == f"{payload}{len(SECRET)}"
    assert all(isinstance(part, Text) for message in messages for part in message.parts)
    assert SECRET not in "".join(said)


@pytest.mark.parametrize("payload", PAYLOADS)
def test_a_payload_as_a_name_is_refused_or_leads_nowhere(payload: str) -> None:
    with pytest.raises(InvalidField) as caught:
        COMPILED.render({"name": "a", "entries": [], "customer": {}, payload: "x"})
    assert caught.value.code == "variable_unknown"
    read = {"messages": [{"role": "user", "content": "x"}], "variables": [{"name": f"{payload}!", "type": "string"}]}
    with pytest.raises(InvalidField):
        read_wording(Fields(read, "", strict=True))


@pytest.mark.parametrize("payload", PAYLOADS)
def test_a_payload_as_a_template_is_plain_text_or_an_error_and_never_more(payload: str) -> None:
    """What happens to be in our language may only reach for the variables declared here."""
    draft = wording(("user", payload), variables=[{"name": "harmless", "type": "string", "required": False}])
    errors = [problem for problem in problems(draft) if problem.level == "error"]
    try:
        said = texts(rendered(draft))
    except TemplateError:
        assert errors
    else:
        assert not errors or stray(payload, "")
        assert said in ([payload], ["x"], ["A"], [""])

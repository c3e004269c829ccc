"""Requests as Gemini takes them: turns of two roles, results as objects, and everything left out by its name."""

from __future__ import annotations

import pytest

from llm.dialects import gemini, openai
from llm.dialects.signatures import sign
from llm.errors import ProviderUnsupported
from llm.types import (
    Audio,
    File,
    Image,
    Opaque,
    Options,
    Part,
    Reasoning,
    Refusal,
    Request,
    ResponseFormat,
    Text,
    Tool,
    ToolCall,
    ToolChoice,
)
from tests.llm.dialects.gemini.asking import CITY, PNG, Json, asked, config, contents, render, result, said


def test_a_plain_request() -> None:
    assert render() == ({"contents": [{"role": "user", "parts": [{"text": "Hello"}]}]}, [])


def test_what_the_system_says_stands_apart() -> None:
    body, dropped = render(
        said("system", Text("Be terse.")), said("user", Text("Hello")), said("developer", Text("Be kind."))
    )

    assert body["systemInstruction"] == {"parts": [{"text": "Be terse."}, {"text": "Be kind."}]}
    assert body["contents"] == [{"role": "user", "parts": [{"text": "Hello"}]}]
    assert dropped == []


def test_a_system_message_alone_becomes_a_turn() -> None:
    assert render(said("system", Text("Say hello.")))[0] == {
        "contents": [{"role": "user", "parts": [{"text": "Say hello."}]}]
    }


def test_turns_of_one_role_are_merged() -> None:
    assert contents(
        said("user", Text("One")),
        said("user", Text("Two")),
        said("assistant", Text("Three")),
        said("assistant", Refusal("Four")),
    ) == [
        {"role": "user", "parts": [{"text": "One"}, {"text": "Two"}]},
        {"role": "model", "parts": [{"text": "Three"}, {"text": "Four"}]},
    ]


def test_silence_is_no_part_but_a_user_must_say_something() -> None:
    assert contents(said("user", Text("")), said("assistant", Text("")), said("user", Text("Go on"))) == [
        {"role": "user", "parts": [{"text": ""}, {"text": "Go on"}]},
    ]


def test_calls_and_results_carry_the_functions_name() -> None:
    assert contents(
        said("user", Text("Weather?")),
        said("assistant", Text("Two."), ToolCall("c1", "sun", '{"city": "Paris"}'), ToolCall("c2", "rain", "")),
        result("c1", '{"degrees": 21}'),
        result("c2", "none"),
        said("user", Text("Thanks")),
    )[1:] == [
        {
            "role": "model",
            "parts": [
                {"text": "Two."},
                {"functionCall": {"id": "c1", "name": "sun", "args": {"city": "Paris"}}},
                {"functionCall": {"id": "c2", "name": "rain", "args": {}}},
            ],
        },
        {
            "role": "user",
            "parts": [
                {"functionResponse": {"id": "c1", "name": "sun", "response": {"degrees": 21}}},
                {"functionResponse": {"id": "c2", "name": "rain", "response": {"output": "none"}}},
                {"text": "Thanks"},
            ],
        },
    ]


@pytest.mark.parametrize(
    ("text", "is_error", "response"),
    [
        ('{"a": 1}', False, {"a": 1}),
        ("[1, 2]", False, {"output": "[1, 2]"}),
        ("{broken", False, {"output": "{broken"}),
        ("{}", False, {"output": "{}"}),
        ("", False, {"output": ""}),
        ('{"a": 1}', True, {"error": '{"a": 1}'}),
    ],
)
def test_a_result_is_always_an_object(text: str, is_error: bool, response: Json) -> None:
    parts = contents(said("user", Text("?")), asked("c1"), result("c1", text, is_error=is_error))[-1]["parts"]

    assert parts[0]["functionResponse"]["response"] == response


@pytest.mark.parametrize(
    ("arguments", "args"),
    [('{"a": 1}', {"a": 1}), ("", {}), ("[1]", {"input": "[1]"}), ('{"a": ', {"input": '{"a": '})],
)
def test_arguments_are_always_an_object(arguments: str, args: Json) -> None:
    assert contents(asked("c1", arguments=arguments))[0]["parts"][0]["functionCall"]["args"] == args


def test_a_result_without_its_call_needs_a_name() -> None:
    assert contents(result("c1", "4", name="f"))[0]["parts"][0]["functionResponse"]["name"] == "f"
    with pytest.raises(ProviderUnsupported) as caught:
        render(result("c1", "4"))
    assert caught.value.param == "messages[0].tool_call_id"


def test_pictures_in_a_result_stand_beside_it() -> None:
    message = said("tool", Text("Done"), Image(PNG), tool_call_id="c1")
    parts = contents(said("user", Text("?")), asked("c1"), message)[-1]["parts"]

    assert list(parts[0]) == ["functionResponse"]
    assert parts[1] == {"inlineData": {"mimeType": "image/png", "data": "iVBORw0KGgo="}}


class TestSignatures:
    def test_they_go_back_to_the_parts_they_came_with(self) -> None:
        turn = said(
            "assistant",
            Reasoning("Hm.", sign("", "text-sig")),
            Text("Let me see."),
            ToolCall(sign("c1", "call-sig"), "f", "{}"),
        )
        answered, responded = contents(turn, result(sign("c1", "call-sig"), "4"))

        assert answered["parts"] == [
            {"text": "Hm.", "thought": True},
            {"text": "Let me see.", "thoughtSignature": "text-sig"},
            {"functionCall": {"id": "c1", "name": "f", "args": {}}, "thoughtSignature": "call-sig"},
        ]
        assert responded["parts"][0]["functionResponse"]["id"] == "c1"

    def test_one_whose_text_is_lost_goes_back_alone(self) -> None:
        parts = contents(said("assistant", Reasoning("", sign("", "s")), ToolCall("c1", "f", "{}")))[0]["parts"]

        assert parts[0] == {"text": "", "thoughtSignature": "s"}

    def test_those_of_other_vendors_are_not_told(self) -> None:
        parts = contents(said("assistant", Reasoning("Hm.", "anthropic-sig"), Text("4")))[0]["parts"]

        assert parts == [{"text": "Hm.", "thought": True}, {"text": "4"}]

    @pytest.mark.parametrize("model", ["gemini-3-pro", "models/gemini-3.8-flash", "gemini-flash-latest"])
    def test_the_first_call_of_a_step_that_others_made_is_excused(self, model: str) -> None:
        turn = said("assistant", ToolCall("c1", "f", "{}"), ToolCall("c2", "f", "{}"))
        parts = contents(turn, model=model)[0]["parts"]

        assert [part.get("thoughtSignature") for part in parts] == ["skip_thought_signature_validator", None]

    @pytest.mark.parametrize("model", ["gemini-2.5-flash", "gemma-3-27b"])
    def test_older_models_need_no_excuse(self, model: str) -> None:
        assert "thoughtSignature" not in contents(asked("c1"), model=model)[0]["parts"][0]

    def test_to_other_vendors_the_id_is_just_an_id(self) -> None:
        signed, dropped = sign("c1", "s" * 2_000), list[str]()
        request = Request([said("user", Text("?")), asked(signed), result(signed, "4")])
        body = openai.render_request(request, model="m", max_tokens=None, dropped=dropped)

        assert body["messages"][1]["tool_calls"][0]["id"] == body["messages"][2]["tool_call_id"] == "c1"
        assert dropped == []

    def test_openai_clients_hand_them_back_without_the_thought(self) -> None:
        turn = {"role": "assistant", "content": "4", "reasoning_signature": sign("", "s")}
        request = openai.parse_request({"messages": [{"role": "user", "content": "2 + 2"}, turn]})

        assert contents(*request.messages)[1]["parts"] == [{"text": "4", "thoughtSignature": "s"}]


@pytest.mark.parametrize(
    ("part", "rendered"),
    [
        (Image(PNG), {"inlineData": {"mimeType": "image/png", "data": "iVBORw0KGgo="}}),
        (
            Image("https://a.example/cat.jpg?size=1"),
            {"fileData": {"mimeType": "image/jpeg", "fileUri": "https://a.example/cat.jpg?size=1"}},
        ),
        (Image("https://a.example/cat"), {"fileData": {"fileUri": "https://a.example/cat"}}),
        (Audio("QQ==", "wav"), {"inlineData": {"mimeType": "audio/wav", "data": "QQ=="}}),
        (Audio("QQ==", "audio/flac"), {"inlineData": {"mimeType": "audio/flac", "data": "QQ=="}}),
        (
            File("data:application/pdf;charset=utf-8;base64,QQ=="),
            {"inlineData": {"mimeType": "application/pdf", "data": "QQ=="}},
        ),
        (File("data:;base64,QQ==", name="a.csv"), {"inlineData": {"mimeType": "text/csv", "data": "QQ=="}}),
        (File("data:;base64,QQ=="), {"inlineData": {"mimeType": "text/plain", "data": "QQ=="}}),
        (
            File("https://a.example/x", name="x.pdf"),
            {"fileData": {"mimeType": "application/pdf", "fileUri": "https://a.example/x"}},
        ),
        (
            File(file_id="https://generativelanguage.googleapis.com/v1/files/abc"),
            {"fileData": {"fileUri": "https://generativelanguage.googleapis.com/v1/files/abc"}},
        ),
    ],
)
def test_media_go_inside_or_by_their_address(part: Part, rendered: Json) -> None:
    assert contents(said("user", Text("What is it?"), part))[0]["parts"][1] == rendered


@pytest.mark.parametrize("part", [Image("http://a.example/cat.png"), File(file_id="file-abc"), File(name="a.pdf")])
def test_what_google_cannot_fetch_is_refused_before_it_is_asked(part: Part) -> None:
    with pytest.raises(ProviderUnsupported, match="data: URL") as caught:
        render(said("user", Text("What is it?"), part))

    assert caught.value.param == "messages[0].content[1]"
    assert (caught.value.status, caught.value.source, caught.value.retryable) == (422, "gateway", False)
    assert caught.value.fallback


class TestTools:
    def test_functions_are_declared_with_their_schema_as_it_is(self) -> None:
        schema = {**CITY, "additionalProperties": False, "$defs": {"x": {"type": "null"}}}
        body, dropped = render(options=Options(tools=[Tool("f", "Finds", schema), Tool("g"), Tool("h", parameters={})]))

        assert body["tools"] == [
            {
                "functionDeclarations": [
                    {"name": "f", "description": "Finds", "parametersJsonSchema": schema},
                    {"name": "g"},
                    {"name": "h"},
                ]
            }
        ]
        assert "toolConfig" not in body
        assert dropped == []

    @pytest.mark.parametrize(
        ("choice", "calling"),
        [
            (ToolChoice("auto"), {"mode": "AUTO"}),
            (ToolChoice("none"), {"mode": "NONE"}),
            (ToolChoice("required"), {"mode": "ANY"}),
            (ToolChoice("tool", "f"), {"mode": "ANY", "allowedFunctionNames": ["f"]}),
        ],
    )
    def test_every_choice(self, choice: ToolChoice, calling: Json) -> None:
        body, _ = render(options=Options(tools=[Tool("f")], tool_choice=choice))

        assert body["toolConfig"] == {"functionCallingConfig": calling}

    def test_what_is_no_function_is_left_out_with_the_choice(self) -> None:
        tools = [Tool("web", kind="web_search", extra={"x": 1})]
        body, dropped = render(options=Options(tools=tools, tool_choice=ToolChoice("auto")))

        assert body.keys() == {"contents"}
        assert dropped == ["tools[0]"]

    def test_wishes_that_have_no_word_are_named(self) -> None:
        options = Options(
            tools=[Tool("f", strict=True, extra={"y": 2})],
            tool_choice=ToolChoice("auto", extra={"type": "allowed_tools"}),
            parallel_tool_calls=False,
        )

        assert render(options=options)[1] == [
            "tools[0].y",
            "tools[0].strict",
            "tool_choice.type",
            "parallel_tool_calls",
        ]


class TestConfig:
    def test_sampling_in_geminis_words(self) -> None:
        assert config(
            max_tokens=9,
            temperature=0.5,
            top_p=0.9,
            top_k=40,
            stop=["END"],
            seed=7,
            presence_penalty=1.0,
            frequency_penalty=-1.0,
            n=1,
        ) == {
            "temperature": 0.5,
            "topP": 0.9,
            "topK": 40,
            "frequencyPenalty": -1.0,
            "presencePenalty": 1.0,
            "maxOutputTokens": 9,
            "stopSequences": ["END"],
            "seed": 7,
        }

    def test_what_is_too_much_is_cut_and_named(self) -> None:
        options = Options(stop=list("abcdefg"), seed=2**31, n=2, reasoning_effort="tremendous")
        body, dropped = render(options=options)

        assert body["generationConfig"] == {"stopSequences": list("abcde")}
        assert dropped == ["stop[5]", "stop[6]", "seed", "reasoning_effort", "n"]

    @pytest.mark.parametrize(
        ("form", "said"),
        [
            (ResponseFormat("text"), {}),
            (ResponseFormat("json_object"), {"responseMimeType": "application/json"}),
            (ResponseFormat("json_schema"), {"responseMimeType": "application/json"}),
            (
                ResponseFormat("json_schema", CITY, "city", "A city", strict=True),
                {
                    "responseMimeType": "application/json",
                    "responseJsonSchema": {"description": "A city", **CITY},
                },
            ),
        ],
    )
    def test_the_form_of_the_answer(self, form: ResponseFormat, said: Json) -> None:
        assert config(response_format=form) == said

    @pytest.mark.parametrize(
        ("model", "effort", "thinking"),
        [
            ("gemini-2.5-flash", "none", {"thinkingBudget": 0}),
            ("gemini-2.5-pro", "none", {"thinkingBudget": 128}),
            ("gemini-2.5-flash", "low", {"thinkingBudget": 1_024, "includeThoughts": True}),
            ("publishers/google/models/gemini-2.5-pro", "high", {"thinkingBudget": 24_576, "includeThoughts": True}),
            ("gemini-3-flash-preview", "none", {"thinkingLevel": "MINIMAL"}),
            ("gemini-3.8-flash", "medium", {"thinkingLevel": "MEDIUM", "includeThoughts": True}),
            ("gemini-3.1-pro-preview", "minimal", {"thinkingLevel": "LOW", "includeThoughts": True}),
            ("gemini-flash-latest", "xhigh", {"thinkingLevel": "HIGH", "includeThoughts": True}),
        ],
    )
    def test_thinking_in_the_words_of_each_generation(self, model: str, effort: str, thinking: Json) -> None:
        assert config(model, reasoning_effort=effort) == {"thinkingConfig": thinking}

    @pytest.mark.parametrize("model", ["gemini-2.0-flash", "gemini-1.5-pro", "gemma-3-27b", "tunedModels/mine"])
    def test_models_that_do_not_think_are_not_asked_to(self, model: str) -> None:
        body, dropped = render(model=model, options=Options(reasoning_effort="low"))

        assert "generationConfig" not in body
        assert dropped == ["reasoning_effort"]


def test_what_another_dialect_said_is_dropped_by_name() -> None:
    _, dropped = render(
        said("user", Text("a", {"cache_control": {}}), Opaque({"type": "document"}), name="Ada", extra={"x": 1}),
        said("assistant", ToolCall("c1", "f", "{}", extra={"y": 2})),
        said("user", Image(PNG, detail="low")),
        options=Options(response_format=ResponseFormat("json_object", extra={"z": 3})),
        dialect="openai",
        extra={"logit_bias": {}, "user": "u1"},
    )

    assert dropped == [
        "messages[0].x",
        "messages[0].content[0].cache_control",
        "messages[0].content[1]",
        "messages[0].name",
        "messages[1].tool_calls[0].y",
        "messages[2].content[0].detail",
        "response_format.z",
        "logit_bias",
        "user",
    ]


def test_the_prompt_is_counted_with_its_system_message_and_tools() -> None:
    request = Request(
        [said("system", Text("Be terse.")), said("user", Text("Hello"))],
        options=Options(tools=[Tool("f")], temperature=1.0),
    )

    assert gemini.render_count(request, model="models/gemini-2.5-flash") == {
        "generateContentRequest": {
            "model": "models/gemini-2.5-flash",
            "contents": [{"role": "user", "parts": [{"text": "Hello"}]}],
            "systemInstruction": {"parts": [{"text": "Be terse."}]},
            "tools": [{"functionDeclarations": [{"name": "f"}]}],
        }
    }

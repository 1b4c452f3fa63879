"""Every row of the table of parity, on every pair; and what we send, read by the vendors' own types."""

import typing
from functools import cache
from typing import Any, cast

import botocore.session
import pytest
from anthropic.types import message_create_params
from botocore.validate import ParamValidator
from google.genai import types as google
from openai.types.chat import completion_create_params
from openai.types.responses import response_create_params
from pydantic import TypeAdapter

from masthead.model.errors import InvalidInput
from masthead.providers.dialects import Dialect, Translation, translate
from masthead.providers.dialects.parity import MODELS, PLAIN, Case, cases
from masthead.providers.dialects.parity_row import CALLERS

pytestmark = pytest.mark.unit

CASES = list(cases())
SENT = [case for case in CASES if case.target not in case.feature.refused]


def laid_over(body: dict[str, Any], fragment: dict[str, Any]) -> dict[str, Any]:
    return {**body, **fragment}


def translated(body: dict[str, Any], source: Dialect, target: Dialect, model: str | None = None) -> Translation:
    return translate(
        body, source=source, target=target, model=model or MODELS[target], reply_id="mh-1", now_s=1_700_000_000
    )


def holds(body: Any, fragment: Any) -> bool:
    """Say whether everything in the fragment stands in the body."""
    if isinstance(fragment, dict):
        wanted = cast("dict[str, Any]", fragment)
        return isinstance(body, dict) and all(name in body and holds(body[name], wanted[name]) for name in wanted)
    if isinstance(fragment, list):
        items = cast("list[Any]", fragment)
        found = cast("list[Any]", body) if isinstance(body, list) else []
        return len(found) == len(items) and all(holds(one, item) for one, item in zip(found, items, strict=True))
    return bool(body == fragment)


def as_said(value: Any) -> Any:
    """Return the body with a message of one text written as a plain string, which means the same."""
    if isinstance(value, dict):
        body = {name: as_said(inside) for name, inside in cast("dict[str, Any]", value).items()}
        content = body.get("content")
        if isinstance(content, list) and len(cast("list[Any]", content)) == 1 and "role" in body:
            (only,) = cast("list[dict[str, Any]]", content)
            if set(only) <= {"type", "text", "annotations"} and only.get("type") in {
                "text",
                "input_text",
                "output_text",
            }:
                return {**body, "content": only["text"]}
        return body
    return [as_said(item) for item in cast("list[Any]", value)] if isinstance(value, list) else value


@pytest.mark.parametrize("case", CASES, ids=[case.id for case in CASES])
def test_every_field_is_carried_or_refused_or_noted(case: Case):
    body = laid_over(PLAIN[case.source], case.feature.asked[case.source])
    if case.target in case.feature.refused:
        with pytest.raises(InvalidInput) as refusal:
            translated(body, case.source, case.target)
        assert refusal.value.where
        return
    call = translated(body, case.source, case.target)
    if case.target in case.feature.sent:
        sent = case.feature.sent[case.target]
        assert holds(as_said(call.body), as_said(sent)), call.body
        return
    plain = translated(PLAIN[case.source], case.source, case.target)
    assert {loss.field for loss in call.losses} > {loss.field for loss in plain.losses}


def test_table_speaks_of_every_pair():
    pairs = {(case.source, case.target) for case in CASES}
    assert pairs == {(source, target) for source in CALLERS for target in Dialect if source is not target}


@pytest.mark.parametrize("case", SENT, ids=[case.id for case in SENT])
def test_what_is_sent_is_of_the_vendors_own_types(case: Case):
    body = translated(laid_over(PLAIN[case.source], case.feature.asked[case.source]), case.source, case.target).body
    match case.target:
        case Dialect.OPENAI_CHAT:
            checked(completion_create_params, "CompletionCreateParams", body)
        case Dialect.OPENAI_RESPONSES:
            checked(response_create_params, "ResponseCreateParams", body)
        case Dialect.ANTHROPIC:
            sampled = {"temperature", "top_p", "top_k"}  # older models have them, the SDK's types no longer do
            checked(message_create_params, "MessageCreateParams", {k: v for k, v in body.items() if k not in sampled})
        case Dialect.GEMINI:
            known = set(body) - {"contents", "systemInstruction", "tools", "toolConfig", "generationConfig"}
            assert not known
            google.GenerationConfig.model_validate(body.get("generationConfig", {}))
            for content in body["contents"]:
                google.Content.model_validate(content)
            for tool in body.get("tools", []):
                google.Tool.model_validate(tool)
            google.ToolConfig.model_validate(body.get("toolConfig", {}))
        case Dialect.BEDROCK:
            operation = botocore_model().operation_model("Converse")
            report = validator().validate({"modelId": "m", **body}, operation.input_shape)
            assert not report.has_errors(), report.generate_report()


def checked(module: Any, name: str, body: dict[str, Any]) -> None:
    adapter, known = types_of(module, name)
    adapter.validate_python(body)
    assert set(body) <= known


@cache
def types_of(module: Any, name: str) -> tuple[TypeAdapter[Any], frozenset[str]]:
    union = getattr(module, name)
    known = {field for variant in typing.get_args(union) for field in typing.get_type_hints(variant)}
    return TypeAdapter(union), frozenset(known)


@cache
def botocore_model() -> Any:
    session: Any = botocore.session
    return session.get_session().get_service_model("bedrock-runtime")


def validator() -> Any:
    return ParamValidator()


@pytest.mark.parametrize(
    ("dialect", "module", "name"),
    [
        (Dialect.OPENAI_CHAT, completion_create_params, "CompletionCreateParamsBase"),
        (Dialect.OPENAI_RESPONSES, response_create_params, "ResponseCreateParamsBase"),
        (Dialect.ANTHROPIC, message_create_params, "MessageCreateParamsBase"),
    ],
)
def test_every_field_of_the_sdks_is_known(dialect: Dialect, module: Any, name: str):
    """A field of the installed SDK that no adapter reads would be noted as unknown: none may be."""
    unknown: set[str] = set()
    for field in typing.get_type_hints(getattr(module, name)):
        if field in PLAIN[dialect]:
            continue
        try:
            call = translated({**PLAIN[dialect], field: "?"}, dialect, Dialect.BEDROCK)
        except InvalidInput:
            continue
        unknown |= {loss.field for loss in call.losses if "not known" in loss.why}
    assert not unknown

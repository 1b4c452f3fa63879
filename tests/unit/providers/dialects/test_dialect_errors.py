import json
from typing import Any

import anthropic
import httpx
import openai
import pytest

from masthead.providers.dialects import Dialect, error_body, read_error, translate
from masthead.providers.dialects.parity import MODELS, PLAIN
from masthead.providers.dialects.parity_row import CALLERS

pytestmark = pytest.mark.unit

BODIES = {
    Dialect.OPENAI_CHAT: {
        "error": {"message": "no such model", "type": "invalid_request_error", "code": "m", "param": "p"}
    },
    Dialect.OPENAI_RESPONSES: {"error": {"message": "no such model", "type": "invalid_request_error"}},
    Dialect.ANTHROPIC: {"type": "error", "error": {"type": "not_found_error", "message": "no such model"}},
    Dialect.GEMINI: {"error": {"code": 404, "message": "no such model", "status": "NOT_FOUND"}},
    Dialect.BEDROCK: {"message": "no such model"},
}


PAIRS = [(source, target) for source in CALLERS for target in Dialect if source is not target]


@pytest.mark.parametrize(("source", "target"), PAIRS)
@pytest.mark.parametrize("status", [400, 401, 403, 404, 429, 500, 503])
def test_failure_reaches_the_callers_sdk_with_its_status(source: Dialect, target: Dialect, status: int):
    call = translate(PLAIN[source], source=source, target=target, model=MODELS[target], reply_id="r", now_s=1)
    told = call.error(status, json.dumps(BODIES[target]).encode())
    assert told.status == status
    response = httpx.Response(status, json=told.body, request=httpx.Request("POST", "https://g.example/v1"))
    client: Any = anthropic.Anthropic(api_key="k") if source is Dialect.ANTHROPIC else openai.OpenAI(api_key="k")
    error = client._make_status_error_from_response(response)
    assert error.status_code == status and "no such model" in str(error)
    if source is not Dialect.ANTHROPIC:
        assert error.type


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"", "the upstream answered 502 without a body"),
        (b"<html>bad gateway</html>", "<html>bad gateway</html>"),
        (b'{"error": "plain words"}', "plain words"),
        (b'{"error": {"message": null}}', "{'message': None}"),
        (b"\xff\xfe", "\ufffd\ufffd"),
        (b"[1]", "[1]"),
    ],
)
def test_any_body_of_a_failure_says_something(body: bytes, expected: str):
    assert read_error(body, 502).message == expected


def test_own_errors_are_of_the_callers_dialect():
    assert error_body(Dialect.ANTHROPIC, 429, "slow")["error"]["type"] == "rate_limit_error"
    assert error_body(Dialect.OPENAI_CHAT, 429, "slow")["error"]["type"] == "rate_limit_error"
    assert error_body(Dialect.OPENAI_CHAT, 503, "slow")["error"]["type"] == "server_error"
    assert error_body(Dialect.GEMINI, 404, "gone")["error"]["code"] == 404
    assert error_body(Dialect.BEDROCK, 404, "gone") == {"message": "gone"}

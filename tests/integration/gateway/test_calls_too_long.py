"""A call that is longer than a model reads goes to the next one, whatever may be recorded of it."""

from pathlib import Path

import httpx
import pytest

from masthead.testing.answering import Answering, Reply, Request, chat_reply
from masthead.testing.raw_upstream import RawUpstream
from masthead.testing.wired_gateway import wired_gateway

pytestmark = pytest.mark.integration

REFUSED = {"error": {"code": "context_length_exceeded", "message": "secret"}}
CONFIG = """
[connections.up]
base_url = "{url}"
allow_networks = ["loopback"]

[[routes]]
model = "m"
targets = [{{ connection = "up", model = "small" }}, {{ connection = "up", model = "large" }}]

[recording]
content = "{content}"
"""


@pytest.mark.parametrize("content", ["full", "hashed", "off"])
def test_a_call_that_is_too_long_goes_to_the_next_model_whatever_is_recorded(tmp_path: Path, content: str) -> None:
    def answer(request: Request) -> Reply:
        return Reply(REFUSED, status="400 No") if request.body["model"] == "small" else chat_reply("aye")

    with RawUpstream(Answering(answer).talk) as upstream:
        text = CONFIG.format(url=upstream.url, content=content)
        with wired_gateway(tmp_path, text) as gateway:
            body = {"model": "m", "messages": [{"role": "user", "content": "hi"}]}
            response = httpx.post(f"{gateway.url}/v1/chat/completions", json=body, timeout=20)
            spans = gateway.spans(3)
    assert response.status_code == 200
    assert ("secret" in str(spans)) is (content == "full")

"""Content plugins in the server, as its configuration says: runs are found by what was said, and records hold none."""

import json
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest

from masthead.testing.gateway import wait_until
from masthead.testing.live import live_server
from masthead.testing.scripted_model import ScriptedModel, ScriptedReply

pytestmark = pytest.mark.integration

CONFIG = """
[connections.up]
base_url = "{url}"
allow_networks = ["loopback"]

[cache]
is_on = true

[[plugins]]
kind = "pii"

[[plugins]]
kind = "banned"
models = ["strict"]
words = ["dragon"]
"""


def test_the_calls_of_a_conversation_are_one_run_whose_record_holds_placeholders(tmp_path: Path) -> None:
    with ScriptedModel(lambda request: ScriptedReply(text=f"Noted <EMAIL_{request.number + 1}>.")) as model:
        (tmp_path / "gateway.toml").write_text(CONFIG.format(url=model.url))
        with (
            live_server(tmp_path) as live,
            openai.OpenAI(base_url=f"{live.url}/v1", api_key="any", max_retries=0) as client,
        ):
            messages: list[Any] = [{"role": "user", "content": "My address is anna@example.com."}]
            first = client.chat.completions.with_raw_response.create(model="m", messages=messages, temperature=0)
            said: Any = first.parse()
            messages += [
                {"role": "assistant", "content": said.choices[0].message.content},
                {"role": "user", "content": "And bob@example.com is his."},
            ]
            second = client.chat.completions.with_raw_response.create(model="m", messages=messages, temperature=0)
            again = client.chat.completions.with_raw_response.create(model="m", messages=messages, temperature=0)
            with pytest.raises(openai.BadRequestError):
                client.chat.completions.create(model="strict", messages=[{"role": "user", "content": "dragon"}])
            run = first.headers["x-masthead-run"]
            address = f"{live.url}/api/v1/runs/{run}/conversation"
            wait_until(lambda: "EMAIL_2" in httpx.get(address).text, "the run can be read")
            found = httpx.get(address).text
            metrics = httpx.get(f"{live.url}/metrics").text
    texts = [one.parse().choices[0].message.content for one in (first, second, again)]
    assert texts == ["Noted anna@example.com.", "Noted bob@example.com.", "Noted bob@example.com."]
    assert second.headers["x-masthead-run"] == run, "what came back is known again as what was said"
    assert again.headers["x-masthead-cache"] == "hit"
    sent = json.dumps([request.body for request in model.requests])
    assert "example.com" not in sent and "My address is <EMAIL_1>." in sent and "Noted <EMAIL_1>." in sent
    assert "example.com" not in found and "And <EMAIL_2> is his." in found
    assert 'masthead_gateway_plugin_verdicts_total{kind="banned",action="blocked"} 1' in metrics

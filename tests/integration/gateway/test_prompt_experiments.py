"""An experiment with prompts: each run keeps to one of two prompts, and its record says which."""

from pathlib import Path

import httpx
import pytest

from masthead.semconv.narrow import narrow
from masthead.testing.answering import Answering, Reply, Request, chat_reply
from masthead.testing.raw_upstream import RawUpstream
from masthead.testing.wired_gateway import wired_gateway

pytestmark = pytest.mark.integration

CONFIG = """
[connections.up]
base_url = "{url}"
allow_networks = ["loopback"]

[[routes]]
model = "best"
pick = "weight"
sticky = "run"
targets = [
  {{ connection = "up", model = "m", system = "Be brief.", variant = "brief" }},
  {{ connection = "up", model = "m", variant = "as-is" }},
]
"""
MESSAGES = [{"role": "system", "content": "Be long."}, {"role": "user", "content": "hi"}]


def test_a_run_keeps_its_prompt_and_is_tagged_with_it(tmp_path: Path) -> None:
    prompts: list[str] = []

    def answer(request: Request) -> Reply:
        prompts.append(request.body["messages"][0]["content"])
        return chat_reply("aye")

    upstream = Answering(answer)
    with RawUpstream(upstream.talk) as raw, wired_gateway(tmp_path, CONFIG.format(url=raw.url)) as gateway:
        for run in range(8):
            for _ in "ab":
                said = {"x-masthead-run": f"r{run}"}
                body = {"model": "best", "messages": MESSAGES}
                httpx.post(f"{gateway.url}/v1/chat/completions", json=body, headers=said, timeout=20).raise_for_status()
        spans = gateway.spans(16)
    assert set(prompts) == {"Be brief.", "Be long."}
    assert prompts[::2] == prompts[1::2], "both calls of a run get the same"
    by_run = {span.trace_id: narrow(span.attributes).tags for span in spans}
    assert set(by_run.values()) == {("brief",), ("as-is",)}
    for span in spans:
        assert narrow(span.attributes).tags == by_run[span.trace_id] == (span.attributes["masthead.gateway.variant"],)
        assert "Be long." in str(span.attributes["gen_ai.input.messages"]), "the record has what was asked"


def test_a_model_that_is_asked_again_for_its_json_keeps_the_prompt_of_the_experiment(tmp_path: Path) -> None:
    prompts: list[str] = []

    def answer(request: Request) -> Reply:
        prompts.append(request.body["messages"][0]["content"])
        return chat_reply("no JSON" if len(prompts) == 1 else '{"city": "Bergen"}')

    plugin = '[[plugins]]\nkind = "json"\nasks_again = true\n'
    form = {"type": "json_schema", "json_schema": {"name": "a", "schema": {"type": "object", "required": ["city"]}}}
    config = CONFIG.replace('variant = "as-is" }}', 'system = "Be brief.", variant = "also" }}') + plugin
    upstream = Answering(answer)
    with RawUpstream(upstream.talk) as raw, wired_gateway(tmp_path, config.format(url=raw.url)) as gateway:
        body = {"model": "best", "messages": MESSAGES, "response_format": form}
        httpx.post(f"{gateway.url}/v1/chat/completions", json=body, timeout=20).raise_for_status()
    assert prompts == ["Be brief.", "Be brief."]

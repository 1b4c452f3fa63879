"""Anthropic's and OpenAI's clients in their own dialects, and a real, very small model on this machine behind."""

from collections.abc import Iterator
from typing import Any

import anthropic
import openai
import pytest

from masthead.testing.gateway import RunningGateway, config_file, gateway_at
from masthead.testing.local_model import LOCAL_MODEL, local_model

pytestmark = pytest.mark.contract


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningGateway]:
    with local_model() as url:
        file = config_file(tmp_path_factory.mktemp("real"), url, connection='provider = "llama.cpp"')
        with gateway_at(file) as running:
            yield running


def test_the_anthropic_client_speaks_with_it(gateway: RunningGateway) -> None:
    asked: dict[str, Any] = {
        "model": LOCAL_MODEL,
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
        asked: dict[str, Any] = {
            "model": LOCAL_MODEL,
            "input": "Name a colour.",
            "max_output_tokens": 24,
            "temperature": 0.0,
        }
        responses: Any = client.responses
        events = list(responses.create(**asked, stream=True))
    final = events[-1].response
    assert events[-1].type == f"response.{final.status}" and final.status in {"completed", "incomplete"}
    said = "".join(event.delta for event in events if event.type == "response.output_text.delta")
    assert said == final.output_text != ""
    assert final.usage.output_tokens > 0

"""`/v1/models` speaks the dialect of who asks."""

from collections.abc import Iterator
from pathlib import Path

import anthropic
import openai
import pytest

from masthead.testing.gateway import RunningGateway
from masthead.testing.wired_gateway import wired_gateway

pytestmark = pytest.mark.integration

CONFIG = """
[connections.up]
base_url = "http://127.0.0.1:9/v1"
allow_networks = ["loopback"]
models = ["one", "two"]

[[routes]]
model = "best"
targets = [{ connection = "up", model = "one" }]
"""


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[RunningGateway]:
    with wired_gateway(tmp_path, CONFIG) as running:
        yield running


@pytest.fixture
def chat(gateway: RunningGateway) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{gateway.url}/v1", api_key="k", max_retries=0) as client:
        yield client


@pytest.fixture
def claude(gateway: RunningGateway) -> Iterator[anthropic.Anthropic]:
    with anthropic.Anthropic(base_url=gateway.url, api_key="k", max_retries=0) as client:
        yield client


def test_the_clients_of_both_dialects_list_the_models_and_find_one(
    chat: openai.OpenAI, claude: anthropic.Anthropic
) -> None:
    listed = list(claude.models.list())
    assert [model.id for model in listed] == [model.id for model in chat.models.list()]
    assert {"best", "one", "two"} <= {model.id for model in listed}
    assert {model.type for model in listed} == {"model"} and listed[0].created_at.tzinfo is not None
    assert claude.models.retrieve("best").display_name == "best"
    assert chat.models.retrieve("best").object == "model"


def test_what_is_refused_is_told_in_the_words_of_the_client(chat: openai.OpenAI, claude: anthropic.Anthropic) -> None:
    with pytest.raises(anthropic.NotFoundError) as missing:
        claude.models.retrieve("none")
    assert missing.value.response.json()["type"] == "error"
    with pytest.raises(openai.NotFoundError) as other:
        chat.models.retrieve("none")
    assert "none" in other.value.response.json()["error"]["message"]

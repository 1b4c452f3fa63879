"""The real clients in front of a gateway with content plugins, whole and streamed, and what reaches the provider."""

import json
import threading
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import anthropic
import openai
import pytest
from pydantic import BaseModel

from masthead.clock import SystemClock
from masthead.gateway.config import load
from masthead.gateway.plugins.chain import ContentPlugins
from masthead.gateway.plugins.veil import Veils
from masthead.providers.dialects import Dialect
from masthead.testing.gateway import RunningGateway, config_file, gateway_at
from masthead.testing.raw_upstream import Peer, RawUpstream
from masthead.testing.streamed import DIALECTS, streamed, whole

pytestmark = pytest.mark.contract

MAIL = "anna.müller@example.com"
HELLO = f'I am {MAIL}, my name is "Anna".'
BACK = ("Dear <EMA", "IL_1>", ", a dra", "gon says ", "hello.")
BACK_WANTED = f"Dear {MAIL}, a dragon says hello."
CALLED = ('{"to": "<EMAIL', '_1>", "text": "Dear <EMAIL_1>"', "}")
CALLED_WANTED = {"to": MAIL, "text": f"Dear {MAIL}"}
TOOL_SCHEMA: Mapping[str, Any] = {"type": "object", "properties": {"to": {"type": "string"}}}
PII = '[[plugins]]\nkind = "pii"\n'
BANNED = '[[plugins]]\nkind = "banned"\nwords = ["dragon"]\n'
JSON = '[[plugins]]\nkind = "json"\n'
SHORT = '[[plugins]]\nkind = "max_output"\ncharacters = 60\n'


class Provider:
    """Speaks all dialects, and says the same to everybody, calling the tool where there is one."""

    def __init__(self, said: Sequence[str] = BACK) -> None:
        self.said = said
        self.asked: list[dict[str, Any]] = []

    def talk(self, peer: Peer) -> None:
        while request := peer.request():
            head, _, body = request.partition(b"\r\n\r\n")
            asked = json.loads(body)
            self.asked.append(asked)
            path = head.split(b" ")[1]
            dialect = {b"/v1/responses": Dialect.OPENAI_RESPONSES, b"/v1/messages": Dialect.ANTHROPIC}.get(
                path, Dialect.OPENAI_CHAT
            )
            calls = CALLED if "tools" in asked else ()
            if asked.get("stream"):
                peer.begin_stream()
                stream = streamed(dialect, self.said, calls)
                for at in range(0, len(stream), 97):
                    peer.chunk(stream[at : at + 97])
                peer.chunk(b"")
            else:
                peer.answer(json.dumps(whole(dialect, "".join(self.said), "".join(calls) or None)).encode())


@contextmanager
def served(
    tmp_path: Path, plugins: str, provider: Provider, dialects: Sequence[Dialect] = DIALECTS
) -> Generator[RunningGateway]:
    """Serve the provider behind the plugins."""
    with RawUpstream(provider.talk) as upstream:
        file = config_file(tmp_path, upstream.url, plugins, f"dialects = {[one.value for one in dialects]}")
        chain = ContentPlugins(load(file).plugins, Veils(SystemClock()))
        with gateway_at(file, plugins=(chain,)) as running:
            yield running


def openai_at(gateway: RunningGateway) -> openai.OpenAI:
    return openai.OpenAI(base_url=f"{gateway.url}/v1", api_key="k")


def anthropic_at(gateway: RunningGateway) -> anthropic.Anthropic:
    return anthropic.Anthropic(base_url=gateway.url, api_key="k")


def test_personal_data_never_reaches_the_provider_and_the_openai_client_never_sees_a_placeholder(
    tmp_path: Path,
) -> None:
    provider = Provider()
    function = {"type": "function", "function": {"name": "send", "parameters": TOOL_SCHEMA}}
    asked: dict[str, Any] = {"model": "m", "messages": [{"role": "user", "content": HELLO}]}
    with served(tmp_path, PII, provider) as gateway, openai_at(gateway) as client:
        completions: Any = client.chat.completions
        plain = completions.create(**asked)
        called = completions.create(**asked, tools=[function])
        with completions.stream(**asked, tools=[function]) as stream:
            streamed_message = stream.get_final_completion().choices[0].message
        raw: Any = completions.with_raw_response.create(**asked)
        spans = gateway.spans(4)
    assert plain.choices[0].message.content == streamed_message.content == BACK_WANTED
    for message in (called.choices[0].message, streamed_message):
        assert json.loads(message.tool_calls[0].function.arguments) == CALLED_WANTED
    assert [one["messages"][0]["content"] for one in provider.asked] == ['I am <EMAIL_1>, my name is "Anna".'] * 4
    assert raw.headers["x-masthead-plugin"] == "pii corrected in request; 1 email"
    recorded = str([(span.attributes, span.status_message) for span in spans])
    assert "example.com" not in recorded and "Dear <EMAIL_1>, a dragon" in recorded
    assert all(span.attributes["masthead.gateway.plugin.pii"] == "corrected" for span in spans)


@pytest.mark.parametrize("dialects", [DIALECTS, DIALECTS[:1], DIALECTS[2:]])
def test_personal_data_comes_back_in_responses_whatever_the_provider_speaks(
    tmp_path: Path, dialects: Sequence[Dialect]
) -> None:
    provider = Provider()
    tool = {"type": "function", "name": "send", "parameters": TOOL_SCHEMA}
    with served(tmp_path, PII, provider, dialects) as gateway, openai_at(gateway) as client:
        responses: Any = client.responses
        plain = responses.create(model="m", input=HELLO, tools=[tool])
        with responses.stream(model="m", input=HELLO, tools=[tool]) as stream:
            deltas = "".join(event.delta for event in stream if event.type == "response.output_text.delta")
            final = stream.get_final_response()
    assert plain.output_text == final.output_text == deltas == BACK_WANTED
    for response in (plain, final):
        assert json.loads(response.output[-1].arguments) == CALLED_WANTED
    assert all("example.com" not in json.dumps(one, ensure_ascii=False) for one in provider.asked)


@pytest.mark.parametrize("dialects", [DIALECTS, DIALECTS[:1], DIALECTS[1:2]])
def test_personal_data_comes_back_in_messages_whatever_the_provider_speaks(
    tmp_path: Path, dialects: Sequence[Dialect]
) -> None:
    provider = Provider()
    asked: dict[str, Any] = {"model": "m", "max_tokens": 100, "messages": [{"role": "user", "content": HELLO}]}
    tools = [{"name": "send", "input_schema": TOOL_SCHEMA}]
    with served(tmp_path, PII, provider, dialects) as gateway, anthropic_at(gateway) as client:
        messages: Any = client.messages
        plain = messages.create(**asked, system=f"You serve {MAIL}.", tools=tools)
        with messages.stream(**asked, tools=tools) as stream:
            text = "".join(stream.text_stream)
            final = stream.get_final_message()
    assert text == BACK_WANTED
    for message in (plain, final):
        assert [block.type for block in message.content] == ["text", "tool_use"]
        assert (message.content[0].text, message.content[1].input) == (BACK_WANTED, CALLED_WANTED)
    assert "You serve <EMAIL_1>." in json.dumps(provider.asked[0])
    assert all("example.com" not in json.dumps(one, ensure_ascii=False) for one in provider.asked)


def test_banned_content_is_an_error_of_the_clients_own_kind_and_is_not_tried_again(tmp_path: Path) -> None:
    provider = Provider()
    with served(tmp_path, BANNED, provider) as gateway, openai_at(gateway) as client, anthropic_at(gateway) as other:
        completions: Any = client.chat.completions
        messages: Any = other.messages
        bad: dict[str, Any] = {"model": "m", "messages": [{"role": "user", "content": "a dragon"}]}
        good: dict[str, Any] = {"model": "m", "messages": [{"role": "user", "content": "hello"}]}
        with pytest.raises(openai.BadRequestError, match="this gateway does not pass on"):
            completions.create(**bad)
        with pytest.raises(anthropic.BadRequestError, match="this gateway does not pass on"):
            messages.create(**bad, max_tokens=9)
        assert provider.asked == []
        with pytest.raises(openai.InternalServerError) as refused:
            completions.create(**good)
        assert refused.value.status_code == 502 and "dragon" not in str(refused.value)
        seen: list[str] = []
        with pytest.raises(openai.APIError, match="does not pass on"):
            seen.extend(chunk.choices[0].delta.content or "" for chunk in completions.create(**good, stream=True))
        with (
            pytest.raises(anthropic.APIStatusError, match="does not pass on"),
            messages.stream(**good, max_tokens=9) as events,
        ):
            seen += list(events.text_stream)
        assert "gon" not in "".join(seen)
        assert len(provider.asked) == 3
        spans = gateway.spans(5)
    assert [span.attributes["masthead.gateway.plugin.banned"] for span in spans] == ["blocked"] * 5


class Weather(BaseModel):
    city: str
    degrees: float


FENCED = ("Sure:\n``", "`json\n{'city': 'Ber", 'gen\', "degrees": 8,}\n```')


def test_broken_json_parses_in_the_clients_own_helpers(tmp_path: Path) -> None:
    with (
        served(tmp_path, JSON, Provider(FENCED)) as gateway,
        openai_at(gateway) as client,
        anthropic_at(gateway) as other,
    ):
        asked: list[Any] = [{"role": "user", "content": "Weather?"}]
        chat = client.chat.completions.parse(model="m", messages=asked, response_format=Weather)
        with client.chat.completions.stream(model="m", messages=asked, response_format=Weather) as stream:
            streamed_chat = stream.get_final_completion()
        response = client.responses.parse(model="m", input="Weather?", text_format=Weather)
        form: Any = {"type": "json_schema", "schema": Weather.model_json_schema()}
        message: Any = other.messages.create(
            model="m", max_tokens=99, messages=asked, extra_body={"output_config": {"format": form}}
        )
    wanted = Weather(city="Bergen", degrees=8)
    assert chat.choices[0].message.parsed == streamed_chat.choices[0].message.parsed == response.output_parsed == wanted
    assert Weather.model_validate_json(message.content[0].text) == wanted


def test_a_model_is_asked_once_more_where_its_json_cannot_be_repaired(tmp_path: Path) -> None:
    class Learning(Provider):
        def talk(self, peer: Peer) -> None:
            while request := peer.request():
                self.asked.append(json.loads(request.partition(b"\r\n\r\n")[2]))
                text = '{"city": "Bergen"}' if len(self.asked) == 1 else '{"city": "Bergen", "degrees": 8}'
                usage = {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}
                peer.answer(json.dumps({**whole(Dialect.OPENAI_CHAT, text), "usage": usage}).encode())

    provider = Learning()
    with served(tmp_path, JSON + "asks_again = true\n" + PII, provider) as gateway, openai_at(gateway) as client:
        asked: list[Any] = [{"role": "user", "content": HELLO}]
        answer = client.chat.completions.parse(model="m", messages=asked, response_format=Weather)
        span, *tries = gateway.spans(3)
    assert answer.choices[0].message.parsed == Weather(city="Bergen", degrees=8)
    assert answer.usage is not None and answer.usage.total_tokens == 30
    assert [len(one["messages"]) for one in provider.asked] == [1, 2]
    assert "example.com" not in json.dumps(provider.asked)
    assert span.attributes["gen_ai.usage.input_tokens"] == 20
    assert span.attributes["masthead.gateway.plugin.json.asked_again"] is True
    assert [one.status for one in tries] == ["unset", "unset"], "both calls are seen in the trace"


def test_a_stream_that_is_too_long_ends_as_its_model_would_and_the_provider_is_let_go_at_once(tmp_path: Path) -> None:
    gone = threading.Event()

    class Endless(Provider):
        def talk(self, peer: Peer) -> None:
            path = peer.request().split(b" ")[1]
            dialect = {b"/v1/responses": Dialect.OPENAI_RESPONSES, b"/v1/messages": Dialect.ANTHROPIC}.get(path)
            stream = streamed(dialect or Dialect.OPENAI_CHAT, ["word "] * 40)
            peer.begin_stream()
            peer.chunk(stream[: len(stream) * 2 // 3])
            if peer.wait_until_gone():
                gone.set()

    with served(tmp_path, SHORT, Endless()) as gateway, openai_at(gateway) as client, anthropic_at(gateway) as other:
        asked: list[Any] = [{"role": "user", "content": "Go on."}]
        chunks = list(client.chat.completions.create(model="m", messages=asked, stream=True))
        assert gone.wait(20)
        events: list[Any] = list(client.responses.create(model="m", input="Go on.", stream=True))
        with other.messages.stream(model="m", max_tokens=99, messages=asked) as stream:
            message = stream.get_final_message()
        spans = gateway.spans(3)
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == "word " * 12
    assert chunks[-1].choices[0].finish_reason == "length"
    final = events[-1].response
    assert (events[-1].type, final.incomplete_details.reason) == ("response.incomplete", "max_output_tokens")
    assert final.output_text == "word " * 12
    block: Any = message.content[0]
    assert (block.text, message.stop_reason) == ("word " * 12, "max_tokens")
    assert [(span.status, span.attributes["masthead.gateway.plugin.max_output"]) for span in spans] == [
        ("unset", "corrected")
    ] * 3


def test_several_plugins_at_once_and_several_clients_at_once(tmp_path: Path) -> None:
    provider = Provider()
    masked = BANNED + 'on = "correct"\n'
    with served(tmp_path, PII + masked + JSON + SHORT.replace("60", "5000"), provider) as gateway:
        got: dict[int, str] = {}

        def ask(number: int) -> None:
            with openai_at(gateway) as client:
                asked: list[Any] = [{"role": "user", "content": f"I am user{number}@example.com"}]
                stream = client.chat.completions.create(model="m", messages=asked, stream=True)
                got[number] = "".join(chunk.choices[0].delta.content or "" for chunk in stream)

        threads = [threading.Thread(target=ask, args=(number,)) for number in range(12)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert got == {number: f"Dear user{number}@example.com, a *** says hello." for number in range(12)}

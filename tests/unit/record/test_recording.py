"""What a recorded program sends, and that recording never gets in its way."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Generator, Iterator, Mapping, Sequence
from typing import Any

import orjson
import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode

import masthead
from masthead.record.texts import MAX_TEXT_CHARS, messages_json, text_of

pytestmark = pytest.mark.unit


@pytest.fixture(scope="module")
def exporter() -> InMemorySpanExporter:
    memory = InMemorySpanExporter()
    masthead.init(exporter=memory)
    return memory


@pytest.fixture
def spans(exporter: InMemorySpanExporter) -> "Spans":
    masthead.flush()
    exporter.clear()
    return Spans(exporter)


class Spans:
    """What has been recorded so far, by name."""

    def __init__(self, memory: InMemorySpanExporter) -> None:
        self._memory = memory

    def __getitem__(self, name: str) -> ReadableSpan:
        masthead.flush()
        return next(span for span in self._memory.get_finished_spans() if span.name == name)

    def attributes(self, name: str) -> Mapping[str, Any]:
        return self[name].attributes or {}


def _text(message_json: str) -> str:
    return orjson.loads(message_json)[0]["parts"][0]["content"]


def test_steps_nest_and_carry_genai_attributes(spans: Spans) -> None:
    with masthead.run("What is 2 + 3?", system="sums", tags=["a"], metadata={"seed": 1}) as run:
        with masthead.agent("solver", instructions="Be brief.") as agent:
            agent.input("2 + 3")
            with masthead.tool("add", {"a": 2, "b": 3}, call_id="c1") as tool:
                tool.result(5)
            with masthead.llm("m", [{"role": "user", "content": "2 + 3"}], provider="p") as call:
                call.reply("5", model="m-1", input_tokens=4, output_tokens=1, finish_reason="stop")
            agent.output("5")
        run.answer("5")
        run.succeeded(True)
    root, agent_span, tool_span = spans["run sums"], spans["invoke_agent solver"], spans["execute_tool add"]
    assert agent_span.parent is not None and root.context is not None and agent_span.context is not None
    assert agent_span.parent.span_id == root.context.span_id
    assert tool_span.parent is not None and tool_span.parent.span_id == agent_span.context.span_id
    told = spans.attributes("run sums")
    assert told["masthead.run.task"] == "What is 2 + 3?"
    assert (told["masthead.run.is_success"], told["masthead.run.answer"]) == (True, "5")
    assert orjson.loads(told["masthead.run.metadata"]) == {"seed": 1}
    assert orjson.loads(spans.attributes("execute_tool add")["gen_ai.tool.call.arguments"]) == {"a": 2, "b": 3}
    assert spans.attributes("execute_tool add")["gen_ai.tool.call.result"] == "5"
    call_told = spans.attributes("chat m")
    assert call_told["gen_ai.usage.input_tokens"] == 4
    assert call_told["gen_ai.response.finish_reasons"] == ("stop",)
    assert _text(call_told["gen_ai.output.messages"]) == "5"


def test_decorated_functions_note_arguments_and_results(spans: Spans) -> None:
    @masthead.agent("greeter")
    def greet(name: str) -> str:
        return f"Hello {name}"

    @masthead.tool("half")
    def half(number: int, exact: bool = True) -> float:
        return number / 2 if exact else number // 2

    assert greet("Ann") == "Hello Ann"
    assert half(3) == 1.5
    told = spans.attributes("invoke_agent greeter")
    assert (_text(told["gen_ai.input.messages"]), _text(told["gen_ai.output.messages"])) == ("Ann", "Hello Ann")
    assert orjson.loads(spans.attributes("execute_tool half")["gen_ai.tool.call.arguments"]) == {"number": 3}
    assert spans.attributes("execute_tool half")["gen_ai.tool.call.result"] == "1.5"


def test_decorated_coroutines_and_generators_are_recorded(spans: Spans) -> None:
    @masthead.agent("streamer")
    def stream(_task: str) -> Iterator[str]:
        with masthead.tool("inner"):
            yield "a"
        yield "b"

    @masthead.agent("async streamer")
    async def astream(_task: str) -> AsyncIterator[str]:
        yield "c"
        yield "d"

    @masthead.tool("slow")
    async def slow(value: int) -> int:
        await asyncio.sleep(0)
        return value + 1

    async def main() -> list[str]:
        assert await slow(1) == 2
        return [part async for part in astream("t")]

    assert list(stream("t")) == ["a", "b"]
    assert asyncio.run(main()) == ["c", "d"]
    assert _text(spans.attributes("invoke_agent streamer")["gen_ai.output.messages"]) == "ab"
    assert _text(spans.attributes("invoke_agent async streamer")["gen_ai.output.messages"]) == "cd"
    inner, outer = spans["execute_tool inner"], spans["invoke_agent streamer"]
    assert inner.parent is not None and outer.context is not None
    assert inner.parent.span_id == outer.context.span_id


def test_a_decorated_function_that_fails_is_marked_and_its_error_goes_on(spans: Spans) -> None:
    @masthead.tool("broken")
    def broken() -> None:
        raise ValueError("no such table")

    with pytest.raises(ValueError, match="no such table"):
        broken()
    span = spans["execute_tool broken"]
    assert span.status.status_code is StatusCode.ERROR
    assert span.status.description == "ValueError: no such table"
    assert [event.name for event in span.events] == ["exception"]


def test_a_handoff_is_a_transfer_tool(spans: Spans) -> None:
    masthead.handoff("reviewer", "Please look at line 3.")
    told = spans.attributes("execute_tool transfer_to_reviewer")
    assert told["gen_ai.tool.name"] == "transfer_to_reviewer"
    assert told["gen_ai.tool.call.result"] == "Please look at line 3."


class _Unprintable:
    def __repr__(self) -> str:
        raise RuntimeError("cannot be shown")


def test_a_fault_of_the_recording_never_reaches_the_program(spans: Spans) -> None:
    @masthead.tool("odd")
    def odd(value: object) -> object:
        return value

    value = _Unprintable()
    assert odd(value) is value
    assert spans["execute_tool odd"].status.status_code is StatusCode.UNSET
    assert "_Unprintable that cannot be shown" in spans.attributes("execute_tool odd")["gen_ai.tool.call.result"]


class _Refusing(SpanExporter):
    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        raise ConnectionError("nobody there")


def test_a_server_that_is_away_never_reaches_the_program() -> None:
    masthead.init(exporter=_Refusing())
    with masthead.run("task"):
        pass
    masthead.flush()


def test_the_same_decorator_serves_calls_within_calls(spans: Spans) -> None:
    @masthead.tool("count down")
    def count_down(number: int) -> int:
        return 0 if number == 0 else count_down(number - 1)

    assert count_down(3) == 0
    assert spans.attributes("execute_tool count down")["gen_ai.tool.call.result"] == "0"


@pytest.mark.parametrize(
    ("value", "text"), [("a", "a"), (None, ""), (1.5, "1.5"), ({"a": [1]}, '{"a":[1]}'), (b"x", "b'x'")]
)
def test_values_become_text(value: object, text: str) -> None:
    assert text_of(value).strip('"') == text


def test_a_long_text_is_cut_and_says_so() -> None:
    assert text_of("x" * (MAX_TEXT_CHARS + 1)).endswith(f"[cut: {MAX_TEXT_CHARS + 1} characters]")


def test_openai_messages_become_genai_parts() -> None:
    call = {"id": "c1", "function": {"name": "f", "arguments": "{}"}}
    told = orjson.loads(
        messages_json(
            [
                {"role": "user", "content": [{"type": "text", "text": "hi"}, {"type": "image_url"}]},
                {"role": "assistant", "content": None, "tool_calls": [call]},
                {"role": "tool", "tool_call_id": "c1", "content": "done"},
            ]
        )
    )
    assert told[0]["parts"] == [{"type": "text", "content": "hi"}, {"type": "image_url"}]
    assert told[1]["parts"] == [{"type": "tool_call", "id": "c1", "name": "f", "arguments": "{}"}]
    assert told[2]["parts"] == [{"type": "tool_call_response", "id": "c1", "response": "done"}]


def test_a_recorded_generator_gets_what_is_thrown_and_closed(spans: Spans) -> None:
    seen: list[str] = []

    @masthead.tool("source")
    def source() -> Generator[int, int, str]:
        try:
            received = yield 1
            seen.append(f"sent {received}")
            yield 2
        except ValueError as error:
            seen.append(f"caught {error}")
            yield 3
        finally:
            seen.append("cleaned")
        return "done"

    running = source()
    assert (next(running), running.send(7)) == (1, 2)
    assert running.throw(ValueError("no")) == 3
    with pytest.raises(StopIteration):
        next(running)
    assert seen == ["sent 7", "caught no", "cleaned"]
    assert spans.attributes("execute_tool source")["gen_ai.tool.call.result"] == "done"
    other = source()
    next(other)
    other.close()
    assert seen[3:] == ["cleaned"]


async def test_a_recorded_async_generator_is_closed_with_its_wrapper(spans: Spans) -> None:
    seen: list[str] = []

    @masthead.agent("async source")
    async def source() -> AsyncGenerator[int, None]:
        try:
            yield 1
        finally:
            seen.append("cleaned")

    running = source()
    assert await anext(running) == 1
    await running.aclose()
    assert seen == ["cleaned"]
    assert spans["invoke_agent async source"].status.status_code is StatusCode.UNSET

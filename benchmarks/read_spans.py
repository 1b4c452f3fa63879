"""What reading spans costs: scalars at the door, and a whole conversation when a run is looked at, as runs grow.

python benchmarks/read_spans.py      # about 20 s
"""

import json
import time

from masthead.conversation import conversation_of, spans_of
from masthead.model.ids import RunId, SpanId
from masthead.model.span import AttributeValue, Span
from masthead.semconv import narrow

RUN = RunId("a" * 32)
HISTORY = 8
ROUNDS = 20_000


def main() -> None:
    """Print microseconds of CPU a span."""
    calls = _run(2)
    for name, attributes in (
        ("GenAI model call", dict(calls[1].attributes)),
        ("OpenInference model call", _openinference()),
    ):
        best = min(_timed(attributes) for _ in range(5))
        print(f"narrow, {name}, {len(attributes)} attributes: {best / ROUNDS * 1e6:.1f} us a span (budget 8)")
    conversation = conversation_of(calls)
    for rounds in (500, 5_000, 25_000):
        spans = _run(rounds)
        before = time.process_time()
        conversation = conversation_of(spans)
        spent = time.process_time() - before
        size = f"{len(spans):,} spans, {len(conversation.turns):,} turns"
        print(f"conversation_of, {size}: {spent / len(spans) * 1e6:.0f} us a span")
    written = spans_of(conversation, start_ns=0)
    before = time.process_time()
    conversation_of(written)
    print(f"the same, written: {(time.process_time() - before) / len(written) * 1e6:.0f} us a span")


def _timed(attributes: dict[str, AttributeValue]) -> float:
    before = time.process_time()
    for _ in range(ROUNDS):
        narrow(attributes, "chat")
    return time.process_time() - before


def _openinference() -> dict[str, AttributeValue]:
    attributes: dict[str, AttributeValue] = {
        "openinference.span.kind": "LLM",
        "llm.model_name": "gpt-4o",
        "llm.provider": "openai",
        "llm.token_count.prompt": 100,
        "llm.token_count.completion": 20,
        "session.id": "s",
        "metadata": '{"tier": "gold"}',
    }
    for number in range(12):
        attributes[f"llm.input_messages.{number}.message.role"] = "user"
        attributes[f"llm.input_messages.{number}.message.content"] = "hello " * 40
    return attributes


def _run(rounds: int) -> list[Span]:
    """Return an agent that calls a tool `rounds` times; every model call repeats the last eight messages."""
    agent: dict[str, AttributeValue] = {"gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": "solver"}
    spans = [_span(0, None, "invoke_agent solver", (0, 20 * rounds), agent)]
    history: list[object] = [{"role": "user", "parts": [{"type": "text", "content": "Solve it."}]}]
    for number in range(rounds):
        text = {"type": "text", "content": f"step {number} " + "word " * 40}
        call = {"type": "tool_call", "id": f"c{number}", "name": "look", "arguments": {"page": number}}
        said = {"role": "assistant", "parts": [text, call]}
        model_call: dict[str, AttributeValue] = {
            "gen_ai.operation.name": "chat",
            "gen_ai.provider.name": "openai",
            "gen_ai.request.model": "gpt-4o",
            "gen_ai.response.model": "gpt-4o-2024-08-06",
            "gen_ai.input.messages": json.dumps(history[-HISTORY:]),
            "gen_ai.output.messages": json.dumps([said]),
            "gen_ai.usage.input_tokens": 100,
            "gen_ai.usage.output_tokens": 20,
        }
        tool: dict[str, AttributeValue] = {
            "gen_ai.operation.name": "execute_tool",
            "gen_ai.tool.name": "look",
            "gen_ai.tool.call.id": f"c{number}",
            "gen_ai.tool.call.result": f"page {number}",
        }
        start = 20 * number
        spans.append(_span(2 * number + 1, 0, "chat gpt-4o", (start, start + 8), model_call))
        spans.append(_span(2 * number + 2, 0, "execute_tool look", (start + 9, start + 15), tool))
        answer = {"type": "tool_call_response", "id": f"c{number}", "response": f"page {number}"}
        history += [said, {"role": "tool", "parts": [answer]}]
    return spans


def _span(
    number: int, parent: int | None, name: str, window_ns: tuple[int, int], attributes: dict[str, AttributeValue]
) -> Span:
    return Span(
        trace_id=RUN,
        span_id=SpanId(f"{number + 1:016x}"),
        parent_span_id=SpanId(f"{parent + 1:016x}") if parent is not None else None,
        name=name,
        start_ns=window_ns[0],
        end_ns=window_ns[1],
        attributes=attributes,
    )


if __name__ == "__main__":
    main()

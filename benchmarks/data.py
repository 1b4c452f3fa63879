"""Realistic agent runs for the benchmarks: what is generated is fixed by the seed.

A run has 20 to 60 spans: a root, agents, their model calls with 1 to 4 KB of text, and tool calls. The text is
phrases of ten words from Python's own documentation in random order, with identifiers among them; zstd -1 compresses
a megabyte of it 3.3 times, and real transcripts 4.4 (tau-bench), 4.7 (AG2), 5.0 (Who&When) and 7.6 times (HyperAgent).
With `histories`, every model call carries the whole conversation so far, as real agents send it.
"""

import pydoc_data.topics
import random
from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import orjson
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span as OtlpSpan

from masthead.model.ids import RunId, SpanId
from masthead.model.span import AttributeValue, Span, SpanStatus
from masthead.semconv import narrow
from masthead.store.traces.append import SpanRow

START_NS = 1_790_000_000_000_000_000
"""2026-09-21, when the first run starts."""
RUN_GAP_NS = 60_000_000_000
"""Between the starts of two runs: 25,000 runs (1,000,000 spans) are 17 days."""
RARE = "zanzibar quokka"
"""Stands in one span of every 20,000."""

_SYSTEMS = ("support desk", "code fixer", "research team")
_AGENTS = ("planner", "researcher", "coder", "reviewer", "navigator", "executor")
_MODELS = (("openai", "gpt-4o"), ("openai", "gpt-4o-mini"), ("anthropic", "claude-sonnet-4-5"), ("nobody", "house-7b"))
_TOOLS = ("search_web", "run_python", "read_file", "book_flight", "query_database")
_POOL_PHRASES = 600_000
_PHRASE_WORDS = 10


class Words:
    """Text of any length, cut from one long random stream."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        english = [word.strip("\"'*\\|+-") for text in pydoc_data.topics.topics.values() for word in text.split()]
        known = np.array([word for word in english if word], dtype=object)
        numbers = np.random.default_rng(7)
        starts = ((len(known) - _PHRASE_WORDS) * numbers.random(_POOL_PHRASES) ** 2).astype(int)
        words = known[(starts[:, None] + np.arange(_PHRASE_WORDS)).ravel()]
        rare = numbers.random(len(words)) < 0.01
        words[rare] = [f"{value:x}" for value in numbers.integers(0, 1 << 40, int(rare.sum()))]
        self._pool = " ".join(words)

    def take(self, characters: int) -> str:
        """Return that many characters of words."""
        at = self._rng.randrange(len(self._pool) - characters)
        return self._pool[at : at + characters]


class Generator:
    """Makes runs."""

    def __init__(self, *, seed: int = 1, histories: bool = False) -> None:
        self._rng = random.Random(seed)
        self._words = Words(self._rng)
        self._histories = histories
        self._made = 0

    def runs(self, count: int) -> Iterator[list[Span]]:
        """Yield runs, one after the other in time."""
        for index in range(count):
            yield self._run(START_NS + index * RUN_GAP_NS)

    def _run(self, start_ns: int) -> list[Span]:
        rng = self._rng
        run_id = RunId(rng.randbytes(16).hex())
        system = rng.choice(_SYSTEMS)
        agents = rng.sample(_AGENTS, rng.randint(2, 4))
        length = rng.randint(20, 60)
        at_ns = start_ns
        history: list[AttributeValue] = [_message("user", self._words.take(rng.randint(200, 800)))]
        root = SpanId(rng.randbytes(8).hex())
        spans: list[Span] = []
        agent, agent_span = "", root
        for index in range(1, length):
            if index % 8 == 1:
                agent = agents[(index // 8) % len(agents)]
                agent_span = SpanId(rng.randbytes(8).hex())
                named: dict[str, AttributeValue] = {"gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": agent}
                ends_ns = at_ns + 8 * 1_500_000_000
                spans.append(self._span(run_id, agent_span, root, f"invoke_agent {agent}", at_ns, ends_ns, named))
                continue
            took_ns = rng.randint(200_000_000, 2_500_000_000)
            parent, ends_ns = agent_span, at_ns + took_ns
            span_id = SpanId(rng.randbytes(8).hex())
            if rng.random() < 0.7:
                spans.append(self._call(run_id, span_id, parent, agent, at_ns, ends_ns, history))
            else:
                spans.append(self._tool(run_id, span_id, parent, agent, at_ns, ends_ns, history))
            at_ns = ends_ns
        attributes: dict[str, AttributeValue] = {
            "gen_ai.operation.name": "invoke_workflow",
            "masthead.run.system": system,
            "masthead.run.task": self._words.take(120),
            "masthead.run.is_success": rng.random() < 0.6,
            "session.id": f"session-{rng.randrange(10_000)}",
            "user.id": f"user-{rng.randrange(2_000)}",
            "masthead.run.tags": [rng.choice(("nightly", "canary", "manual"))],
            "masthead.run.metadata": orjson.dumps({"build": str(rng.randrange(50))}).decode(),
        }
        return [self._span(run_id, root, None, f"workflow {system}", start_ns, at_ns, attributes), *spans]

    def _call(  # noqa: PLR0917 - private, and called many thousand times a second
        self,
        run_id: RunId,
        span_id: SpanId,
        parent: SpanId,
        agent: str,
        at_ns: int,
        ends_ns: int,
        history: list[AttributeValue],
    ) -> Span:
        rng = self._rng
        provider, model = rng.choices(_MODELS, (5, 8, 4, 1))[0]
        size = rng.randint(1_000, 4_000)
        answer = self._words.take(size // 3)
        self._made += 1
        if self._made % 14_000 == 0:
            answer = f"{answer} {RARE} {answer[:50]}"
        asked = history if self._histories else [history[0], _message("user", self._words.take(size - size // 3))]
        reply = _message("assistant", answer)
        attributes: dict[str, AttributeValue] = {
            "gen_ai.operation.name": "chat",
            "gen_ai.provider.name": provider,
            "gen_ai.request.model": model,
            "gen_ai.response.model": model,
            "gen_ai.agent.name": agent,
            "gen_ai.request.temperature": 0.2,
            "gen_ai.response.id": f"chatcmpl-{rng.getrandbits(64):016x}",
            "gen_ai.usage.input_tokens": rng.randint(300, 1200),
            "gen_ai.usage.output_tokens": size // 12,
            "gen_ai.input.messages": orjson.dumps(asked).decode(),
            "gen_ai.output.messages": orjson.dumps([reply]).decode(),
        }
        history.append(reply)
        return self._span(run_id, span_id, parent, f"chat {model}", at_ns, ends_ns, attributes)

    def _tool(  # noqa: PLR0917 - private, and called many thousand times a second
        self,
        run_id: RunId,
        span_id: SpanId,
        parent: SpanId,
        agent: str,
        at_ns: int,
        ends_ns: int,
        history: list[AttributeValue],
    ) -> Span:
        rng = self._rng
        tool = rng.choice(_TOOLS)
        result = self._words.take(rng.randint(100, 900))
        history.append(_message("tool", result))
        attributes: dict[str, AttributeValue] = {
            "gen_ai.operation.name": "execute_tool",
            "gen_ai.tool.name": tool,
            "gen_ai.tool.call.id": f"call_{rng.getrandbits(48):012x}",
            "gen_ai.agent.name": agent,
            "gen_ai.tool.call.arguments": orjson.dumps({"query": self._words.take(60)}).decode(),
            "gen_ai.tool.call.result": result,
        }
        status: SpanStatus = "error" if rng.random() < 0.03 else "unset"
        return self._span(run_id, span_id, parent, f"execute_tool {tool}", at_ns, ends_ns, attributes, status)

    def _span(  # noqa: PLR0917 - private, and called many thousand times a second
        self,
        run_id: RunId,
        span_id: SpanId,
        parent: SpanId | None,
        name: str,
        start_ns: int,
        end_ns: int,
        attributes: dict[str, AttributeValue],
        status: SpanStatus = "unset",
    ) -> Span:
        return Span(
            trace_id=run_id,
            span_id=span_id,
            parent_span_id=parent,
            name=name,
            start_ns=start_ns,
            end_ns=end_ns,
            status=status,
            status_message="TimeoutError: the tool did not answer" if status == "error" else None,
            attributes=attributes,
            resource={"service.name": "bench", "telemetry.sdk.language": "python", "telemetry.sdk.version": "1.45.1"},
            scope_name="opentelemetry.instrumentation.agents",
            scope_version="0.9.1",
        )


def _message(role: str, text: str) -> AttributeValue:
    return {"role": role, "parts": [{"type": "text", "content": text}]}


_STATUS = {"unset": 0, "ok": 1, "error": 2}


def row(project: str, span: Span) -> SpanRow:
    """Return the span as the store takes it, as the door would make it."""
    seen = narrow(span.attributes, span.name, is_root=span.parent_span_id is None)
    return SpanRow(
        project=project,
        run_id=bytes.fromhex(span.trace_id),
        span_id=bytes.fromhex(span.span_id),
        parent_span_id=bytes.fromhex(span.parent_span_id or ""),
        name=span.name,
        kind=1,
        start_ns=span.start_ns,
        end_ns=span.end_ns,
        status=_STATUS[span.status],
        status_message=span.status_message,
        scope_name=span.scope_name,
        scope_version=span.scope_version,
        attributes=orjson.dumps(span.attributes),
        resource=orjson.dumps(span.resource),
        operation=seen.operation,
        agent_id=seen.agent_id,
        agent=seen.agent_name,
        model=seen.model,
        provider=seen.provider,
        tool=seen.tool_name,
        input_tokens=seen.input_tokens,
        output_tokens=seen.output_tokens,
        session_id=seen.session_id,
        user_id=seen.user_id,
        tags=tuple(seen.tags),
        metadata=dict(seen.metadata),
        task=seen.task,
        system=seen.system,
        outcome=seen.outcome,
        is_error=span.status == "error",
    )


def body(spans: Iterable[Span]) -> bytes:
    """Return the spans, of one resource and scope, as an OTLP/HTTP protobuf body."""
    request = ExportTraceServiceRequest()
    held = request.resource_spans.add()
    scoped = held.scope_spans.add()
    for span in spans:
        if not scoped.spans:
            scoped.scope.name, scoped.scope.version = span.scope_name or "", span.scope_version or ""
            for key, value in span.resource.items():
                held.resource.attributes.add(key=key, value=_any(value))
        made = scoped.spans.add(
            trace_id=bytes.fromhex(span.trace_id),
            span_id=bytes.fromhex(span.span_id),
            parent_span_id=bytes.fromhex(span.parent_span_id or ""),
            name=span.name,
            kind=OtlpSpan.SPAN_KIND_INTERNAL,
            start_time_unix_nano=span.start_ns,
            end_time_unix_nano=span.end_ns,
        )
        made.status.code = _STATUS[span.status]  # pyright: ignore[reportAttributeAccessIssue] - an enum by number
        made.status.message = span.status_message or ""
        for key, value in span.attributes.items():
            made.attributes.add(key=key, value=_any(value))
    return request.SerializeToString()


def bodies(runs: Iterable[Sequence[Span]], *, spans: int = 512) -> Iterator[bytes]:
    """Yield bodies of about that many spans each, as a batching exporter sends them."""
    waiting: list[Span] = []
    for run in runs:
        waiting += run
        while len(waiting) >= spans:
            yield body(waiting[:spans])
            del waiting[:spans]
    if waiting:
        yield body(waiting)


def _any(value: AttributeValue) -> AnyValue:
    match value:
        case bool():
            return AnyValue(bool_value=value)
        case str():
            return AnyValue(string_value=value)
        case int():
            return AnyValue(int_value=value)
        case float():
            return AnyValue(double_value=value)
        case list():
            made = AnyValue()
            made.array_value.values.extend([_any(item) for item in value])
            return made
        case _:
            raise TypeError(f"the generator makes no {type(value).__name__} attribute")

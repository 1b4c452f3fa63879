"""What passes through one gateway process: the calls under way, the latest that ended, and how each target fares.

For people who look; what is kept for good is in the span store. Written in the event loop, at the cost of a few
look-ups a call; read from any thread. Bounded: so many calls and targets of so many projects.
"""

from collections import Counter, OrderedDict, deque
from collections.abc import Callable, Mapping
from typing import Final

from masthead.gateway.call import Attempt, Exchange
from masthead.gateway.joining import AGENT_HEADER, header, user_of
from masthead.gateway.policy.failures import failure_of
from masthead.gateway.seen import CallSeen, TargetSeen
from masthead.model import attributes as names
from masthead.model.ids import ProjectId
from masthead.model.span import AttributeValue

MOST_LATEST: Final = 100
_MOST_TARGETS: Final = 200
_MOST_PROJECTS: Final = 256
_LATENCIES: Final = 64
_MOST_ERROR: Final = 300
_TURNOVER_NS: Final = 500_000_000
"""How long it takes at least until all of the latest calls are others."""


class Traffic:
    """Belongs to one event loop, which alone writes to it."""

    def __init__(self) -> None:
        self.under_way: dict[str, Exchange] = {}
        """By span id."""
        self.ended_calls = 0
        self._latest: OrderedDict[ProjectId, deque[CallSeen]] = OrderedDict()
        self._targets: OrderedDict[ProjectId, OrderedDict[tuple[str, str], _Tally]] = OrderedDict()

    def ended(self, exchange: Exchange, attributes: Callable[[], Mapping[str, AttributeValue]]) -> None:
        """Note a call that ended, with what its span says of it, which most calls are not asked for."""
        project = exchange.call.identity.project
        latest = self._latest.get(project)
        if latest is None:
            latest = self._latest[project] = deque(maxlen=MOST_LATEST)
            self._targets[project] = OrderedDict()
            while len(self._latest) > _MOST_PROJECTS:
                forgotten, _ = self._latest.popitem(last=False)
                del self._targets[forgotten]
        self.ended_calls += 1
        if not _is_too_much(latest, exchange):
            latest.append(_ended(exchange, attributes()))
        if exchange.attempts:
            targets = self._targets[project]
            for attempt in exchange.attempts:
                _count(targets, attempt)

    def projects(self) -> list[ProjectId]:
        """Return those of which calls were seen."""
        return list(self._latest.copy())

    def calls_under_way(self) -> list[tuple[ProjectId, CallSeen]]:
        """Return the calls that have not ended, and whose they are, the oldest first."""
        return [(one.call.identity.project, _begun(one)) for one in self.under_way.copy().values()]

    def latest(self, project: ProjectId) -> list[CallSeen]:
        """Return the calls that ended last, the latest first."""
        found = self._latest.get(project)
        return [] if found is None else list(found.copy())[::-1]

    def targets(self, project: ProjectId) -> list[TargetSeen]:
        """Return how the project's targets fared."""
        found = self._targets.get(project)
        return [] if found is None else [tally.seen(*key) for key, tally in found.copy().items()]


def _is_too_much(latest: deque[CallSeen], exchange: Exchange) -> bool:
    """Say whether nobody would see the call: good ones beyond 200 a second are left out, which saves their 1.5 µs."""
    if len(latest) < MOST_LATEST or exchange.error is not None:
        return False
    return (exchange.end_ns or 0) - (latest[0].end_ns or 0) < _TURNOVER_NS


class _Tally:
    __slots__ = ("calls", "errors", "last_error", "last_error_ns", "last_ns", "latencies_s")

    def __init__(self) -> None:
        self.calls = 0
        self.errors: Counter[str] = Counter()
        self.latencies_s: deque[float] = deque(maxlen=_LATENCIES)
        self.last_error: str | None = None
        self.last_error_ns: int | None = None
        self.last_ns = 0

    def seen(self, connection: str, model: str) -> TargetSeen:
        return TargetSeen(
            connection=connection,
            model=model,
            calls=self.calls,
            errors=dict(self.errors.copy()),
            latencies_s=tuple(self.latencies_s.copy()),
            last_error=self.last_error,
            last_error_ns=self.last_error_ns,
            last_ns=self.last_ns,
        )


def _count(targets: OrderedDict[tuple[str, str], _Tally], attempt: Attempt) -> None:
    if attempt.failure == "abandoned":
        return
    key = (attempt.target.connection.name, attempt.target.model)
    tally = targets.get(key)
    if tally is None:
        tally = targets[key] = _Tally()
        if len(targets) > _MOST_TARGETS:
            targets.popitem(last=False)
    tally.calls += 1
    end_ns = attempt.end_ns or attempt.start_ns
    tally.last_ns = end_ns
    if attempt.failure is None:
        if attempt.end_ns is not None:
            tally.latencies_s.append((end_ns - attempt.start_ns) / 1e9)
        return
    tally.errors[failure_of(attempt) or "other"] += 1
    tally.last_error = (attempt.error or "")[:_MOST_ERROR] or None
    tally.last_error_ns = end_ns


def _ended(exchange: Exchange, attributes: Mapping[str, AttributeValue]) -> CallSeen:
    call, get = exchange.call, attributes.get
    identity = call.identity
    return CallSeen(
        run_id=exchange.trace_id,
        span_id=exchange.span_id,
        start_ns=exchange.start_ns,
        end_ns=exchange.end_ns,
        endpoint=call.endpoint.name,
        key_id=identity.key_id,
        key=identity.name,
        agent=_text(get(names.AGENT_NAME)),
        user=_text(get(names.USER_ID)),
        model_asked=call.model,
        model=_text(get(names.REQUEST_MODEL)),
        connection=_text(get("masthead.gateway.connection")),
        status=exchange.status,
        error=None if exchange.error is None else str(exchange.error_kept)[:_MOST_ERROR],
        input_tokens=_number(get(names.INPUT_TOKENS)),
        output_tokens=_number(get(names.OUTPUT_TOKENS)),
        cache_read_tokens=_number(get("gen_ai.usage.cache_read.input_tokens")),
        first_chunk_s=_seconds(get("gen_ai.response.time_to_first_chunk")),
        is_stream=call.is_stream,
        tries=len(exchange.attempts),
        cache=_text(get("masthead.gateway.cache")),
        guard=_text(get(names.GUARD_ACTION)),
        purpose="shadow" if "masthead.gateway.shadow_of" in attributes else _text(get("masthead.gateway.purpose")),
    )


def _text(value: AttributeValue) -> str | None:
    return value if isinstance(value, str) else None


def _number(value: AttributeValue) -> int | None:
    return value if isinstance(value, int) else None


def _seconds(value: AttributeValue) -> float | None:
    return value if isinstance(value, float) else None


def _begun(exchange: Exchange) -> CallSeen:
    call = exchange.call
    answered = exchange.answered_by
    target = answered.target if answered is not None else None
    first_ns = exchange.first_chunk_ns
    agent = exchange.attributes.get(names.AGENT_NAME)
    return CallSeen(
        run_id=exchange.trace_id,
        span_id=exchange.span_id,
        start_ns=exchange.start_ns,
        endpoint=call.endpoint.name,
        key_id=call.identity.key_id,
        key=call.identity.name,
        agent=agent if isinstance(agent, str) else header(call, AGENT_HEADER),
        user=user_of(call) if exchange.veil is None else None,  # it may be one that the record leaves out
        model_asked=call.model,
        model=None if target is None else target.model,
        connection=None if target is None else target.connection.name,
        status=exchange.status,
        first_chunk_s=None if first_ns is None else (first_ns - exchange.start_ns) / 1e9,
        is_stream=call.is_stream,
        tries=len(exchange.attempts),
    )

"""The order of a run's spans: a tree made whole (lost parents, cycles, doubles, clock skew) and swept in time."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Final, NamedTuple

from masthead.model.ids import AgentId, SpanId
from masthead.model.reading import Operation
from masthead.model.span import Span
from masthead.semconv import Narrow, narrow, read
from masthead.semconv.narrow import is_bare_agent

_WITH_AGENT: Final = frozenset({Operation.AGENT, Operation.LLM, Operation.TOOL})
_DOUBLED: Final = frozenset({Operation.LLM, Operation.TOOL})


@dataclass(slots=True, eq=False)
class Step:
    """A span in its place. It never starts before the span around it, whatever the clocks of the machines said."""

    span: Span
    scalars: Narrow
    start_ns: int
    end_ns: int
    parent: "Step | None" = None
    agent: AgentId | None = None
    """Who was at work: the span's own agent, else that of the span around it."""
    opener: "Step | None" = None
    """The outermost span of this stretch of that agent's work."""
    caller: AgentId | None = None
    """The agent in whose work this agent was set to work, where it was another."""
    is_shadow: bool = False
    """It tells again what the span around it tells: one model call or tool, instrumented twice."""

    @property
    def operation(self) -> Operation:
        """What kind of work the span did."""
        return self.scalars.operation


class Moment(NamedTuple):
    """The start or the end of a span."""

    step: Step
    is_start: bool


class Sweep(NamedTuple):
    """A run in order: its moments in time, and the spans that no other span encloses."""

    moments: list[Moment]
    roots: list[Step]
    names: Mapping[AgentId, str]
    """What the agents are called."""


def swept(spans: Sequence[Span]) -> Sweep:
    """Return starts and ends in order of time, ties in order of the tree. Linear, but for sorting."""
    once: dict[SpanId, Span] = {}
    for span in spans:
        once.setdefault(span.span_id, span)
    ordered = sorted(once.values(), key=lambda span: (span.start_ns, span.end_ns))
    steps = {
        span.span_id: Step(
            span=span,
            scalars=narrow(span.attributes, span.name, is_root=span.parent_span_id is None),
            start_ns=span.start_ns,
            end_ns=span.end_ns,
        )
        for span in ordered
    }
    children: dict[SpanId, list[Step]] = defaultdict(list)
    roots: list[Step] = []
    for step in steps.values():
        parent = step.span.parent_span_id
        if parent is None or parent not in steps:
            roots.append(step)
        else:
            children[parent].append(step)
    whole = {span_id for span_id, below in children.items() if _is_whole(steps[span_id], below)}
    identities = Identities(steps.values(), whole)
    moments: list[Moment] = []
    reached: set[SpanId] = set()
    for root in roots:
        _walk(root, children, reached, identities, moments)
    if len(reached) < len(steps):
        for step in steps.values():
            if step.span.span_id not in reached:
                roots.append(step)
                _walk(step, children, reached, identities, moments)
    numbered = sorted(
        enumerate(moments),
        key=lambda item: (item[1].step.start_ns if item[1].is_start else item[1].step.end_ns, item[0]),
    )
    return Sweep([moment for _, moment in numbered], roots, identities.names)


class Identities:
    """Who is who: an agent's id where the instrumentation gives one, else its name; a name used by one id means it."""

    def __init__(self, steps: Collection[Step], whole: AbstractSet[SpanId]) -> None:
        self._whole = whole
        self.names: dict[AgentId, str] = {}
        ids_by_name: dict[str, set[str]] = defaultdict(set)
        for step in steps:
            own_id, name = _own_id(step), step.scalars.agent_name
            if own_id is not None and name is not None:
                ids_by_name[name].add(own_id)
        self._ids_by_name = ids_by_name

    def of(self, step: Step) -> AgentId | None:
        """Return the agent that the span itself names."""
        name, own_id = step.scalars.agent_name, _own_id(step)
        is_unnamed = name is None and own_id is None
        if step.operation not in _WITH_AGENT or is_unnamed or step.span.span_id in self._whole:
            return None
        if own_id is None and name is not None and len(self._ids_by_name[name]) == 1:
            own_id = next(iter(self._ids_by_name[name]))
        identity = AgentId(own_id if own_id is not None else name or "")
        if name is not None:
            self.names[identity] = name  # the last one counts: a gateway learns names from what others call an agent
        else:
            self.names.setdefault(identity, identity)
        return identity


def _is_whole(step: Step, below: Iterable[Step]) -> bool:
    """Say whether an agent's span names no agent and holds a span of the same name: a run of the OpenAI Agents SDK."""
    is_bare = step.operation is Operation.AGENT and is_bare_agent(step.span.attributes)
    return is_bare and any(child.span.name == step.span.name for child in below)


def _own_id(step: Step) -> str | None:
    """Return the agent's id, unless it is Traceloop's, which is one of the call and not of the agent."""
    given = step.scalars.agent_id
    is_of_call = given is not None and any(key.startswith("traceloop.") for key in step.span.attributes)
    return None if is_of_call else given


def _walk(
    root: Step,
    children: Mapping[SpanId, Iterable[Step]],
    reached: set[SpanId],
    identities: Identities,
    moments: list[Moment],
) -> None:
    """Add the moments of the tree under `root`, each span once, and tell every step who was at work in it."""
    pending: list[Moment] = [Moment(root, is_start=True)]
    while pending:
        moment = pending.pop()
        step = moment.step
        if not moment.is_start:
            moments.append(moment)
            continue
        if step.span.span_id in reached:
            continue
        reached.add(step.span.span_id)
        _place(step, identities)
        moments.append(moment)
        pending.append(Moment(step, is_start=False))
        below = [child for child in children.get(step.span.span_id, ()) if child.span.span_id not in reached]
        for child in below:
            child.parent = step
        pending.extend(Moment(child, is_start=True) for child in reversed(below))


def _place(step: Step, identities: Identities) -> None:
    parent = step.parent
    step.agent = identities.of(step)
    step.opener = step
    if parent is not None:
        step.start_ns = max(step.start_ns, parent.start_ns)
        if step.agent is None:
            step.agent = parent.agent
        if step.agent == parent.agent:
            step.opener, step.caller = parent.opener, parent.caller
        else:
            step.caller = parent.agent
        if parent.operation is step.operation and step.operation in _DOUBLED:
            _silence(step, parent)
    step.end_ns = max(step.end_ns, step.start_ns)


def _silence(step: Step, parent: Step) -> None:
    """Of two spans of one kind, one around the other, silence the one that only tells the other's story again."""
    if step.operation is Operation.TOOL:
        step.is_shadow = step.scalars.tool_name == parent.scalars.tool_name
        return
    told = [(message.text, message.tool_calls) for message in read(step.span).output]
    above = [(message.text, message.tool_calls) for message in read(parent.span).output]
    if not told or told == above:
        step.is_shadow = True
    elif not above:
        parent.is_shadow = True

"""The written form: a conversation as spans, one root span and one span a turn, and back without loss.

Importers and samples have turns, not spans; they write this form and go through the same door as everyone else. The
names are in `model.attributes`. Only a turn's `span_id` is not kept: it becomes the id of the span that carries it.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import replace
from decimal import Decimal, InvalidOperation
from hashlib import blake2b
from typing import Any, cast, get_args

from masthead.model import attributes as names
from masthead.model.conversation import Act, Agent, AgentKind, Conversation, Ending, EndingKind, Turn
from masthead.model.ids import AgentId, RunId, SpanId
from masthead.model.span import Attributes, AttributeValue, Span

VERSION = 1
SCOPE = "masthead.conversation.written"
_STEP_NS = 1_000_000


def span_id_of(run_id: RunId, part: int | str) -> SpanId:
    """Return the span id of a turn (its index) or of the root (`"root"`): the same for ever."""
    digest = blake2b(f"{run_id}/{part}".encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()
    return SpanId(digest)


def spans_of(conversation: Conversation, *, start_ns: int) -> list[Span]:
    """Write the conversation as spans, the root first, then one a turn in order.

    `start_ns` dates a run whose log dates no turn; a turn without a time is put 1 ms after the turn before it. Span ids
    depend on `run_id` and the turn's index alone, so writing twice gives the same ids.
    """
    agents = conversation.by_id()
    root_id = span_id_of(conversation.run_id, "root")
    spans: list[Span] = []
    clock_ns = _before_first(conversation.turns, start_ns)
    for turn in conversation.turns:
        span = _turn_span(conversation.run_id, turn, agents.get(turn.speaker), _window(turn, clock_ns))
        spans.append(replace(span, parent_span_id=root_id))
        clock_ns = span.end_ns
    first = min((span.start_ns for span in spans), default=start_ns)
    last = max((span.end_ns for span in spans), default=start_ns)
    return [replace(_root_span(conversation, root_id), start_ns=first, end_ns=last), *spans]


def is_written(spans: Iterable[Span]) -> bool:
    """Say whether the spans are a written conversation."""
    return any(names.RUN_WRITTEN in span.attributes or names.TURN_INDEX in span.attributes for span in spans)


def read_written(run_id: RunId, spans: Sequence[Span]) -> Conversation:
    """Return the conversation that `spans_of` wrote; spans that it did not write are passed over.

    Total: a turn that occurs twice counts once, lost turns close up, and a lost root leaves what the turns say.
    """
    turns_by_index: dict[int, tuple[Turn, Span]] = {}
    root: Span | None = None
    for span in spans:
        index = span.attributes.get(names.TURN_INDEX)
        if isinstance(index, int) and not isinstance(index, bool):
            turns_by_index.setdefault(index, (_turn(span, index), span))
        elif root is None and names.RUN_WRITTEN in span.attributes:
            root = span
    ordered = [turns_by_index[index] for index in sorted(turns_by_index)]
    turns = tuple(
        turn if turn.index == position else replace(turn, index=position) for position, (turn, _) in enumerate(ordered)
    )
    attributes: Attributes = root.attributes if root is not None else {}
    agents = _roster(attributes.get(names.RUN_AGENTS))
    if agents is None:
        agents = _roster_of_turns(span for _, span in ordered)
    return replace(run_facts(run_id, attributes), turns=turns, agents=agents)


def run_facts(run_id: RunId, attributes: Attributes) -> Conversation:
    """Read `masthead.run.*` (and session and user) off a root span of any run; turns and agents are left empty."""
    success = attributes.get(names.RUN_IS_SUCCESS)
    return Conversation(
        run_id=run_id,
        system=text_or_none(attributes.get(names.RUN_SYSTEM)),
        task=text_or_none(attributes.get(names.RUN_TASK)),
        task_id=text_or_none(attributes.get(names.RUN_TASK_ID)),
        ending=Ending(
            kind=_ending_kind(attributes.get(names.RUN_ENDING)),
            reason=text_or_none(attributes.get(names.RUN_ENDING_REASON)),
            answer=text_or_none(attributes.get(names.RUN_ANSWER)),
        ),
        is_success=success if isinstance(success, bool) else None,
        session_id=text_or_none(attributes.get(names.SESSION_ID)),
        user_id=text_or_none(attributes.get(names.USER_ID)),
        tags=_texts(attributes.get(names.RUN_TAGS)),
        metadata=_metadata(attributes.get(names.RUN_METADATA)),
    )


def text_or_none(value: AttributeValue) -> str | None:
    """Return the value where it is text."""
    return value if isinstance(value, str) else None


def _before_first(turns: Sequence[Turn], start_ns: int) -> int:
    """Return the moment 1 ms before the first turn: as far before the first dated turn as there are turns before it."""
    for position, turn in enumerate(turns):
        known = turn.start_ns if turn.start_ns is not None else turn.end_ns
        if known is not None:
            return max(0, known - _STEP_NS * (position + 1))
    return start_ns - _STEP_NS


def _window(turn: Turn, after_ns: int) -> tuple[int, int]:
    """Return when the turn's span starts and ends: as recorded, else 1 ms after `after_ns`."""
    if turn.start_ns is not None:
        return turn.start_ns, turn.start_ns if turn.end_ns is None else turn.end_ns
    start = after_ns + _STEP_NS
    return (start, start) if turn.end_ns is None else (min(start, turn.end_ns), turn.end_ns)


def _root_span(conversation: Conversation, root_id: SpanId) -> Span:
    dated = {turn.start_ns is not None or turn.end_ns is not None for turn in conversation.turns}
    ending = conversation.ending
    attributes: dict[str, AttributeValue] = {
        names.OPERATION: "invoke_workflow",
        names.WORKFLOW_NAME: conversation.system,
        names.RUN_WRITTEN: VERSION,
        names.RUN_SYSTEM: conversation.system,
        names.RUN_TASK: conversation.task,
        names.RUN_TASK_ID: conversation.task_id,
        names.RUN_IS_SUCCESS: conversation.is_success,
        names.RUN_ENDING: ending.kind.value,
        names.RUN_ENDING_REASON: ending.reason,
        names.RUN_ANSWER: ending.answer,
        names.SESSION_ID: conversation.session_id,
        names.USER_ID: conversation.user_id,
        names.RUN_TIMES: "mixed" if len(dated) > 1 else "recorded" if True in dated else "synthetic",
        names.RUN_AGENTS: json.dumps([_agent_json(agent) for agent in conversation.agents], ensure_ascii=False),
    }
    if conversation.tags:
        attributes[names.RUN_TAGS] = list(conversation.tags)
    if conversation.metadata:
        attributes[names.RUN_METADATA] = json.dumps(conversation.metadata, ensure_ascii=False)
    return Span(
        trace_id=conversation.run_id,
        span_id=root_id,
        name=f"invoke_workflow {conversation.system}" if conversation.system else "invoke_workflow",
        start_ns=0,
        end_ns=0,
        status="error" if ending.kind is EndingKind.ERROR else "unset",
        status_message=ending.reason if ending.kind is EndingKind.ERROR else None,
        attributes=_known(attributes),
        scope_name=SCOPE,
        scope_version=str(VERSION),
    )


def _turn_span(run_id: RunId, turn: Turn, speaker: Agent | None, window_ns: tuple[int, int]) -> Span:
    is_agent = speaker is None or speaker.kind == "agent"
    is_result = turn.act is Act.TOOL_RESULT
    attributes: dict[str, AttributeValue] = {
        names.OPERATION: _operation(turn),
        names.TURN_INDEX: turn.index,
        names.TURN_ACT: turn.act.value,
        names.AGENT_ID if is_agent else names.TURN_SPEAKER: turn.speaker,
        names.AGENT_NAME: speaker.name if speaker is not None and is_agent else None,
        names.TOOL_RESULT if is_result else names.TURN_TEXT: turn.text,
        names.TURN_REASONING: turn.reasoning,
        names.TOOL_NAME: turn.tool_name,
        names.TOOL_ARGUMENTS: turn.tool_arguments,
        names.TOOL_CALL_ID: turn.tool_call_id,
        names.RESPONSE_MODEL: turn.model,
        names.INPUT_TOKENS: turn.input_tokens,
        names.OUTPUT_TOKENS: turn.output_tokens,
        names.COST_USD: str(turn.cost_usd) if turn.cost_usd is not None else None,
    }
    if turn.addressees:
        attributes[names.TURN_ADDRESSEES] = list(turn.addressees)
    if turn.start_ns is None or turn.end_ns is None:
        attributes[names.TURN_TIMES] = (
            "start" if turn.start_ns is not None else "end" if turn.end_ns is not None else "none"
        )
    is_tool = turn.act in {Act.TOOL_CALL, Act.TOOL_RESULT}
    what = turn.tool_name if turn.tool_name and is_tool else speaker.name if speaker is not None else None
    return Span(
        trace_id=run_id,
        span_id=span_id_of(run_id, turn.index),
        name=f"{turn.act.value} {what or turn.speaker}",
        start_ns=window_ns[0],
        end_ns=window_ns[1],
        status="error" if turn.is_error else "unset",
        attributes=_known(attributes),
        scope_name=SCOPE,
        scope_version=str(VERSION),
        cost_usd=turn.cost_usd,
        price_version=names.RECORDED_PRICE if turn.cost_usd is not None else None,
    )


def _operation(turn: Turn) -> str | None:
    """Return the GenAI operation: a result is a tool's execution; a model's call is known by model, tokens or cost."""
    if turn.act is Act.TOOL_RESULT:
        return "execute_tool"
    spent = (turn.model, turn.input_tokens, turn.output_tokens, turn.cost_usd)
    return "chat" if any(value is not None for value in spent) else None


def _turn(span: Span, index: int) -> Turn:
    attributes = span.attributes
    act = _act(attributes.get(names.TURN_ACT))
    text = attributes.get(names.TOOL_RESULT if act is Act.TOOL_RESULT else names.TURN_TEXT)
    times = attributes.get(names.TURN_TIMES)
    return Turn(
        index=index,
        speaker=_speaker(attributes),
        addressees=tuple(AgentId(name) for name in _texts(attributes.get(names.TURN_ADDRESSEES))),
        act=act,
        text=text if isinstance(text, str) else "",
        reasoning=text_or_none(attributes.get(names.TURN_REASONING)),
        tool_name=text_or_none(attributes.get(names.TOOL_NAME)),
        tool_arguments=text_or_none(attributes.get(names.TOOL_ARGUMENTS)),
        tool_call_id=text_or_none(attributes.get(names.TOOL_CALL_ID)),
        is_error=span.status == "error",
        span_id=span.span_id,
        start_ns=span.start_ns if times in {None, "start"} else None,
        end_ns=span.end_ns if times in {None, "end"} else None,
        model=text_or_none(attributes.get(names.RESPONSE_MODEL)),
        input_tokens=_count(attributes.get(names.INPUT_TOKENS)),
        output_tokens=_count(attributes.get(names.OUTPUT_TOKENS)),
        cost_usd=span.cost_usd if span.cost_usd is not None else _decimal(attributes.get(names.COST_USD)),
    )


def _speaker(attributes: Attributes) -> AgentId:
    return AgentId(text_or_none(attributes.get(names.TURN_SPEAKER, attributes.get(names.AGENT_ID))) or "")


def _agent_json(agent: Agent) -> dict[str, AttributeValue]:
    return _known(
        {
            "id": agent.id,
            "name": agent.name,
            "kind": agent.kind,
            "description": agent.description,
            "instructions": agent.instructions,
            "models": list(agent.models) or None,
        }
    )


def _roster(text: AttributeValue) -> tuple[Agent, ...] | None:
    """Return the roster, or None where it is absent or broken."""
    items = _json(text)
    if not isinstance(items, list):
        return None
    entries = [cast("dict[str, Any]", item) for item in cast("list[Any]", items) if isinstance(item, dict)]
    return tuple(_agent(entry) for entry in entries if isinstance(entry.get("id"), str))


def _agent(entry: dict[str, Any]) -> Agent:
    kind = entry.get("kind")
    return Agent(
        id=AgentId(entry["id"]),
        name=text_or_none(entry.get("name")) or ("" if entry.get("name") == "" else entry["id"]),
        kind=cast("AgentKind", kind) if kind in get_args(AgentKind) else "agent",
        description=text_or_none(entry.get("description")),
        instructions=text_or_none(entry.get("instructions")),
        models=_texts(entry.get("models")),
    )


def _roster_of_turns(spans: Iterable[Span]) -> tuple[Agent, ...]:
    agents: dict[AgentId, Agent] = {}
    for span in spans:
        agent_id = _speaker(span.attributes)
        name = text_or_none(span.attributes.get(names.AGENT_NAME))
        agents.setdefault(agent_id, Agent(id=agent_id, name=name if name is not None else agent_id))
    return tuple(agents.values())


def _known(attributes: dict[str, AttributeValue]) -> dict[str, AttributeValue]:
    return {name: value for name, value in attributes.items() if value is not None}


def _texts(value: AttributeValue) -> tuple[str, ...]:
    return tuple(item for item in value if isinstance(item, str)) if isinstance(value, list) else ()


def _count(value: AttributeValue) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _decimal(value: AttributeValue) -> Decimal | None:
    try:
        return Decimal(value) if isinstance(value, str) else None
    except InvalidOperation:
        return None


def _act(value: AttributeValue) -> Act:
    try:
        return Act(str(value))
    except ValueError:
        return Act.MESSAGE


def _ending_kind(value: AttributeValue) -> EndingKind:
    try:
        return EndingKind(str(value))
    except ValueError:
        return EndingKind.UNKNOWN


def _metadata(text: AttributeValue) -> dict[str, AttributeValue]:
    value = _json(text)
    return cast("dict[str, AttributeValue]", value) if isinstance(value, dict) else {}


def _json(text: AttributeValue) -> object:
    try:
        return json.loads(text) if isinstance(text, str) else None
    except (ValueError, RecursionError):
        return None

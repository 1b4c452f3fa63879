"""Runs of a server as the nouns that the other rooms work on."""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

import httpx

from masthead.cli.client import call
from masthead.model.conversation import Act, Agent, Conversation, Ending, EndingKind, Turn
from masthead.model.ids import AgentId, EvaluatorId, RunId, SpanId
from masthead.model.score import Score, Subject
from masthead.model.times import parse_rfc3339, rfc3339

_WINDOW: Final = 1000


def conversation_of_run(client: httpx.Client, run_id: str) -> Conversation:
    """Fetch a whole run as a conversation.

    Raises:
        NotFound: the project has no such run.
    """
    return conversation_from(list(_windows(client, run_id)))


def conversation_from(windows: Sequence[Mapping[str, Any]]) -> Conversation:
    """Join the windows of one run, in order, as the API or an export gives them."""
    head = windows[0]
    return Conversation(
        run_id=RunId(head["run_id"]),
        system=head["system"],
        task=head["task"],
        task_id=head["task_id"],
        turns=tuple(_turn(turn) for window in windows for turn in window["turns"]),
        agents=tuple(_agent(agent) for agent in head["agents"]),
        ending=Ending(
            kind=EndingKind(head["ending"]["kind"]), reason=head["ending"]["reason"], answer=head["ending"]["answer"]
        ),
        is_success=head["is_success"],
        session_id=head["session_id"],
        user_id=head["user_id"],
        tags=tuple(head["tags"]),
        metadata=head["metadata"],
    )


def _windows(client: httpx.Client, run_id: str) -> Iterator[dict[str, Any]]:
    first = 0
    while True:
        params = {"from": first, "limit": _WINDOW}
        window = call(client, "GET", f"/api/v1/runs/{run_id}/conversation", params=params)
        yield window
        first += len(window["turns"])
        if not window["turns"] or first >= window["turns_total"]:
            return


def _agent(agent: dict[str, Any]) -> Agent:
    return Agent(
        id=AgentId(agent["id"]),
        name=agent["name"],
        kind=agent["kind"],
        description=agent["description"],
        instructions=agent["instructions"],
        models=tuple(agent["models"]),
    )


def _turn(turn: dict[str, Any]) -> Turn:
    return Turn(
        index=turn["index"],
        speaker=AgentId(turn["speaker"]),
        addressees=tuple(AgentId(agent) for agent in turn["addressees"]),
        act=Act(turn["act"]),
        text=turn["text"],
        reasoning=turn["reasoning"],
        tool_name=turn["tool_name"],
        tool_arguments=turn["tool_arguments"],
        tool_call_id=turn["tool_call_id"],
        is_error=turn["is_error"],
        span_id=SpanId(turn["span_id"]) if turn["span_id"] else None,
        start_ns=parse_rfc3339(turn["start"], where="start") if turn["start"] else None,
        end_ns=parse_rfc3339(turn["end"], where="end") if turn["end"] else None,
        model=turn["model"],
        input_tokens=turn["input_tokens"],
        output_tokens=turn["output_tokens"],
        cost_usd=Decimal(turn["cost_usd"]) if turn["cost_usd"] is not None else None,
    )


def score_json(score: Score) -> dict[str, Any]:
    """Return a score as the API takes it."""
    subject = score.subject
    return {
        "id": score.id,
        "name": score.name,
        "subject": {
            "kind": subject.kind,
            "run_id": subject.run_id,
            "span_id": subject.span_id,
            "turn": subject.turn,
            "agent": subject.agent,
        },
        "number": score.number,
        "label": score.label,
        "flag": score.flag,
        "reason": score.reason,
        "evidence": list(score.evidence),
        "confidence": score.confidence,
        "source": score.source,
        "evaluator": score.evaluator,
        "evaluator_version": score.evaluator_version,
        "time": rfc3339(score.time_ns),
    }


def score_from(score: Mapping[str, Any]) -> Score:
    """Return a score as the API gives it."""
    subject = score["subject"]
    agent, span_id = subject["agent"], subject["span_id"]
    return Score(
        id=score["id"],
        name=score["name"],
        subject=Subject(
            kind=subject["kind"],
            run_id=RunId(subject["run_id"]),
            span_id=SpanId(span_id) if span_id else None,
            turn=subject["turn"],
            agent=AgentId(agent) if agent else None,
        ),
        number=score["number"],
        label=score["label"],
        flag=score["flag"],
        reason=score["reason"],
        evidence=tuple(score["evidence"]),
        confidence=score["confidence"],
        source=score["source"],
        evaluator=EvaluatorId(score["evaluator"]),
        evaluator_version=score["evaluator_version"],
        time_ns=parse_rfc3339(score["time"], where="scores.time"),
    )

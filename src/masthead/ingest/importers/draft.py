"""Collect the turns of one run in order, and its roster with them."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TypeVar

from masthead.ingest.importers.shapes import well_formed
from masthead.model.conversation import Act, Agent, AgentKind, Conversation, Ending, Turn
from masthead.model.ids import AgentId, RunId
from masthead.model.span import Attributes


@dataclass(frozen=True, kw_only=True, slots=True)
class Spent:
    """What the log says that one model call used."""

    model: str | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    cost_usd: Decimal | None = None


NOTHING = Spent()
Number = TypeVar("Number", int, Decimal)


class Draft:
    """A conversation in the making. Agents join the roster when they first speak or are first spoken to."""

    def __init__(self) -> None:
        self.turns: list[Turn] = []
        self._agents: dict[AgentId, Agent] = {}
        self._speakers: set[AgentId] = set()

    def agent(
        self, name: str, kind: AgentKind = "agent", *, description: str | None = None, instructions: str | None = None
    ) -> AgentId:
        """Return the agent's id; add it to the roster, or add to what the roster knows of it."""
        identity = AgentId(well_formed(name).strip() or "unknown")
        known = self._agents.get(identity)
        if known is None:
            self._agents[identity] = Agent(
                id=identity, name=identity, kind=kind, description=description, instructions=instructions
            )
        elif (description and not known.description) or (instructions and not known.instructions):
            self._agents[identity] = replace(
                known,
                description=known.description or description,
                instructions=known.instructions or instructions,
            )
        return identity

    def say(
        self,
        speaker: str,
        text: str,
        *,
        kind: AgentKind = "agent",
        to: Iterable[str] = (),
        act: Act = Act.MESSAGE,
        reasoning: str | None = None,
        tool: str | None = None,
        arguments: str | None = None,
        call_id: str | None = None,
        is_error: bool = False,
        start_ns: int | None = None,
        end_ns: int | None = None,
        spent: Spent = NOTHING,
    ) -> None:
        """Add the next turn."""
        identity = self.agent(speaker, kind)
        if kind != "agent" and self._agents[identity].kind == "agent" and identity not in self._speakers:
            self._agents[identity] = replace(self._agents[identity], kind=kind)  # it was spoken to before it spoke
        self._speakers.add(identity)
        if spent.model and spent.model not in self._agents[identity].models:
            known = self._agents[identity]
            self._agents[identity] = replace(known, models=(*known.models, spent.model))
        self.turns.append(
            Turn(
                index=len(self.turns),
                speaker=identity,
                addressees=tuple(dict.fromkeys(self.agent(name) for name in to)),
                act=act,
                text=well_formed(text),
                reasoning=well_formed(reasoning) if reasoning else None,
                tool_name=well_formed(tool) if tool else None,
                tool_arguments=well_formed(arguments) if arguments is not None else None,
                tool_call_id=well_formed(call_id) if call_id else None,
                is_error=is_error,
                start_ns=start_ns,
                end_ns=end_ns if end_ns is None or start_ns is None else max(start_ns, end_ns),
                model=spent.model,
                input_tokens=spent.input_tokens,
                output_tokens=spent.output_tokens,
                cost_usd=spent.cost_usd,
            )
        )

    def spend(self, index: int, spent: Spent) -> None:
        """Add to what the turn's model calls used: unknown and known is what is known."""
        turn = self.turns[index]
        self.turns[index] = replace(
            turn,
            model=turn.model or spent.model,
            input_tokens=_sum(turn.input_tokens, spent.input_tokens),
            output_tokens=_sum(turn.output_tokens, spent.output_tokens),
            cost_usd=_sum(turn.cost_usd, spent.cost_usd),
        )

    def conversation(
        self,
        run_id: RunId,
        *,
        system: str | None,
        task: str | None = None,
        task_id: str | None = None,
        ending: Ending | None = None,
        is_success: bool | None = None,
        session_id: str | None = None,
        user_id: str | None = None,
        tags: tuple[str, ...] = (),
        metadata: Attributes | None = None,
    ) -> Conversation:
        """Return what was collected."""
        end = ending or Ending()
        return Conversation(
            run_id=run_id,
            system=_clean(system),
            task=_clean(task),
            task_id=_clean(task_id),
            turns=tuple(self.turns),
            agents=tuple(self._agents.values()),
            ending=replace(end, reason=_clean(end.reason), answer=_clean(end.answer)),
            is_success=is_success,
            session_id=_clean(session_id),
            user_id=_clean(user_id),
            tags=tuple(well_formed(tag) for tag in tags),
            metadata=metadata or {},
        )


def _clean(value: str | None) -> str | None:
    return well_formed(value) if value else None


def _sum(first: Number | None, second: Number | None) -> Number | None:
    if first is None:
        return second
    return first if second is None else first + second

"""Short conversations for tests, written as lines."""

from collections.abc import Sequence

from masthead.model.conversation import Act, Agent, AgentKind, Conversation, Ending, EndingKind, Turn
from masthead.model.ids import AgentId, RunId

_TOOLS = ("terminal", "executor", "tool")
_HUMANS = ("human", "user")


def conversation(
    lines: Sequence[str],
    *,
    task: str | None = "What is the total?",
    task_id: str | None = None,
    run: int = 1,
    is_success: bool | None = False,
    answer: str | None = None,
    ending: EndingKind = EndingKind.COMPLETED,
    metadata: dict[str, str] | None = None,
) -> Conversation:
    """Return the conversation that lines tell: `Speaker: text`, or `Speaker -> Receiver: text` for a handoff.

    Speakers named terminal, executor or tool give tool results, in error where the text begins with `Error`; human and
    user are persons. Every other speaker is an agent. The run's id is made of `run`.
    """
    agents: dict[AgentId, Agent] = {}
    turns: list[Turn] = []
    for index, line in enumerate(lines):
        head, _, text = line.partition(": ")
        name, _, receiver = (part.strip() for part in head.partition("->"))
        kind: AgentKind = "tool" if name in _TOOLS else "human" if name in _HUMANS else "agent"
        agents.setdefault(AgentId(name), Agent(id=AgentId(name), name=name, kind=kind))
        act = Act.HANDOFF if receiver else Act.TOOL_RESULT if kind == "tool" else Act.MESSAGE
        turns.append(
            Turn(
                index=index,
                speaker=AgentId(name),
                addressees=(AgentId(receiver),) if receiver else (),
                act=act,
                text=text,
                is_error=kind == "tool" and text.startswith("Error"),
            )
        )
    return Conversation(
        run_id=RunId(f"{run:032x}"),
        system="test team",
        task=task,
        task_id=task_id,
        turns=tuple(turns),
        agents=tuple(agents.values()),
        ending=Ending(kind=ending, answer=answer),
        is_success=is_success,
        metadata=metadata or {},
    )

"""Chat messages of any vendor as turns: what the message formats have in common once their spelling is undone."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from masthead.ingest.importers.code import has_failed
from masthead.ingest.importers.draft import NOTHING, Draft, Spent
from masthead.model.conversation import Act, AgentKind, Ending, EndingKind

_TRANSFER = re.compile(r"(?:transfer|delegate|handoff|hand_off)_(?:back_)?to_(.+)")
_STOP = ("###STOP###", "###TRANSFER###", "TERMINATE")


@dataclass(frozen=True, kw_only=True, slots=True)
class Call:
    """A request to run a tool; `arguments` is JSON text."""

    name: str
    arguments: str
    id: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Said:
    """One entry of a chat. `role` is system, user, assistant or tool; a `tool` entry answers `call_id`."""

    role: str
    text: str
    name: str | None = None
    reasoning: str | None = None
    calls: tuple[Call, ...] = ()
    call_id: str | None = None
    tool: str | None = None
    is_error: bool = False
    start_ns: int | None = None
    spent: Spent = NOTHING


def write(draft: Draft, entries: Sequence[Said], *, assistant: str = "assistant") -> str | None:
    """Add the entries as turns, one each; several calls in one entry are one turn each.

    Return which entries became more than one turn, as `entry:turns` separated by commas, or None: with it, the turn of
    an entry can be found again.
    """
    writer = _Writer(draft, entries, assistant=assistant)
    split: list[str] = []
    for position, said in enumerate(entries):
        before = len(draft.turns)
        writer.add(said)
        if len(draft.turns) - before > 1:
            split.append(f"{position}:{len(draft.turns) - before}")
    return ",".join(split) or None


class _Writer:
    def __init__(self, draft: Draft, entries: Sequence[Said], *, assistant: str) -> None:
        self._draft = draft
        self._assistant = assistant
        self._speakers = {_plain(said.name): said.name for said in entries if said.role == "assistant" and said.name}
        self._callers: dict[str, tuple[str, str]] = {}
        self._last_agent = assistant

    def add(self, said: Said) -> None:
        if said.role == "assistant":
            self._agent(said)
        elif said.role == "tool":
            self._result(said)
        else:
            kind: AgentKind = "human" if said.role in {"user", "human"} else "system"
            name = said.name or ("user" if kind == "human" else "system")
            self._draft.say(name, said.text, kind=kind, to=[self._last_agent], start_ns=said.start_ns)

    def _agent(self, said: Said) -> None:
        speaker = said.name or self._assistant
        self._last_agent = speaker
        if not said.calls:
            self._draft.say(
                speaker,
                said.text,
                reasoning=said.reasoning,
                is_error=said.is_error,
                start_ns=said.start_ns,
                spent=said.spent,
            )
        for position, call in enumerate(said.calls):
            receiver = self._receiver(call.name)
            first = position == 0
            self._draft.say(
                speaker,
                said.text if first else "",
                act=Act.HANDOFF if receiver else Act.TOOL_CALL,
                to=[receiver] if receiver else [],
                reasoning=said.reasoning if first else None,
                tool=call.name,
                arguments=call.arguments,
                call_id=call.id,
                start_ns=said.start_ns,
                spent=said.spent if first else NOTHING,
            )
            if call.id:
                self._callers[call.id] = (speaker, call.name)

    def _receiver(self, tool: str) -> str | None:
        """Return the agent that a `transfer_to_…` call names, where that agent speaks in this chat."""
        transfer = _TRANSFER.match(tool)
        return self._speakers.get(_plain(transfer[1])) if transfer else None

    def _result(self, said: Said) -> None:
        caller, called = self._callers.get(said.call_id or "", (self._last_agent, said.tool or said.name or "tool"))
        tool = said.tool or called
        self._draft.say(
            tool,
            said.text,
            kind="tool",
            act=Act.TOOL_RESULT,
            to=[caller],
            tool=tool,
            call_id=said.call_id,
            is_error=said.is_error or said.text.startswith(("Error:", "Error ")) or has_failed(said.text),
            start_ns=said.start_ns,
        )


def _plain(name: str | None) -> str:
    return re.sub(r"[^a-z0-9]", "", (name or "").lower())


def ending_of(entries: Sequence[Said]) -> Ending:
    """Return how a chat ended, by its last entry: an agent that says something and calls nothing has answered."""
    if not entries:
        return Ending()
    last = entries[-1]
    for mark in _STOP:
        if mark in last.text[-200:]:
            spoken = [said.text for said in entries if said.role == "assistant" and said.text.strip()]
            return Ending(kind=EndingKind.COMPLETED, reason=mark, answer=spoken[-1] if spoken else None)
    if last.role == "assistant" and not last.calls and not last.is_error:
        return Ending(kind=EndingKind.COMPLETED, reason="the agent answers", answer=last.text.strip() or None)
    if last.role == "tool" and (last.tool or last.name or "").startswith("transfer_to_human"):
        return Ending(kind=EndingKind.COMPLETED, reason="transferred to a human")
    if last.is_error:
        return Ending(kind=EndingKind.ERROR, reason=last.text[:500] or None)
    said_by = {"tool": "a tool's result", "assistant": "a call that nothing answers"}.get(last.role, "a question")
    return Ending(kind=EndingKind.UNFINISHED, reason=f"the chat ends with {said_by}")


def task_of(entries: Sequence[Said]) -> str | None:
    """Return what the first user said."""
    for said in entries:
        if said.role in {"user", "human"} and said.text.strip():
            return said.text
    return None

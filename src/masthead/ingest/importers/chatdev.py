"""ChatDev: a virtual software company's log. Mind its dates: year-day-month.

- `Role: **[Start Chat]**`: handoff from the role to the one whose instructions stand in brackets: the phase's prompt
- `Role: **A<->B on : Phase, turn N**`: message from Role to the other one
- `**[Seminar Conclusion]**`, `**[Execute Detail]**`: message of `ChatDev` itself (kind system)
- `**[Update Codes]**`: tool result `update_codes` of `ChatDev`
- `**[Test Reports]**`: tool result `run_software`; an error unless it ran without errors
- `**[Test Info]**`: verdict
- `**[Post Info]**`: ending

What a role is told to be stands in brackets before most messages: it becomes the agent's instructions, once, and is
left out of the turns. `System: **[chatting]**` and `**[RolePlaying]**` (parameter tables), `**[Software Info]**`
(running sums), flask and HTTP lines are left out. `**[OpenAI_Usage_Info Receive]**` gives tokens and cost, in order, to
the messages that follow it; calls that no message follows are added to the one before. Times are read as UTC.
"""

import re
from collections import deque
from collections.abc import Iterator
from datetime import UTC, datetime

from masthead.ingest.importers.cutting import cut
from masthead.ingest.importers.draft import Draft, Spent
from masthead.ingest.importers.family import Family, ImportedRun, Record, run_id_of
from masthead.ingest.importers.shapes import metadata, moment_ns, money
from masthead.model.conversation import Act, Ending, EndingKind

_ENTRY = re.compile(r"^\[(\d{4})-(\d\d)-(\d\d) (\d\d):(\d\d):(\d\d) ([A-Z]+)\] ", re.MULTILINE)
_TALK = re.compile(r"([^\n:*]{1,60}): \*\*([^\n*]{1,60}?)<->([^\n*]{1,60}?) on ?: ?([^\n*,]{1,60}), turn (\d+)\*\*\s*")
_START = re.compile(r"([^\n:*]{1,60}): \*\*\[Start Chat\]\*\*\s*")
_EVENT = re.compile(r"\*\*\[([^\]\n]{1,60})\]\*\*:?\s*")
_ROLE_IN_BRACKETS = re.compile(r"You are (?:the )?([A-Z][\w ]{1,40}?)[.,]")
_TASK = re.compile(r"\*\*task_prompt\*\*:? \|? ?([^\n|]*)")
_MODEL = re.compile(r"\*\*model_type\*\* \| (?:ModelType\.)?([\w.-]+)")
_PROJECT = re.compile(r"\*\*project_name\*\*: ([^\n]*)")
_TOTAL_COST = re.compile(r"\*\*cost\*\*=\$?([\d.]+)")
_USAGE = re.compile(r"(prompt_tokens|completion_tokens|cost): \$?([\d.]+)")


def _matches(record: Record) -> bool:
    head = (record.text or "")[:20_000]
    return _ENTRY.search(head) is not None and ("ChatDev" in head or "**[" in head)


def _read(record: Record) -> Iterator[ImportedRun]:
    log = record.text or ""
    reader = _Reader(model=_found(_MODEL, log))
    for start, block in cut(_ENTRY.finditer(log), log):
        reader.read(block, _time_ns(start))
    draft = reader.draft
    if not draft.turns:
        raise record.malformed("no '**A<->B on : Phase, turn N**' block and no other event, so no turn was found")
    reader.settle()
    costs = _TOTAL_COST.findall(log)
    conversation = draft.conversation(
        run_id_of("chatdev", log.strip()),
        system="ChatDev",
        task=_found(_TASK, log),
        task_id=_found(_PROJECT, log),
        ending=_ending(draft),
        metadata=metadata([("format", "chatdev"), ("source", record.name), ("cost_usd", costs[-1] if costs else None)]),
    )
    yield ImportedRun(conversation=conversation)


def _found(pattern: "re.Pattern[str]", log: str) -> str | None:
    match = pattern.search(log)
    return match[1].strip() or None if match else None


def _time_ns(start: "re.Match[str]") -> int | None:
    year, day, month, hour, minute, second = (int(part) for part in start.groups()[:6])
    if month > 12 >= day:
        day, month = month, day
    try:
        return moment_ns(datetime(year, month, day, hour, minute, second, tzinfo=UTC))
    except ValueError:
        return None


class _Reader:
    """Reads block after block, and hands the model calls' costs to the messages they made."""

    def __init__(self, *, model: str | None) -> None:
        self.draft = Draft()
        self._model = model.lower().replace("_", "-") if model else None
        self._calls: deque[Spent] = deque()
        self._last_message: int | None = None

    def read(self, block: str, when: int | None) -> None:
        if block.startswith(("flask app.py", "HTTP Request", "System: **[")):
            return
        if talk := _TALK.match(block):
            speaker = talk[1].strip()
            pair = [talk[2].strip(), talk[3].strip()]
            self._talk(speaker, [name for name in pair if name != speaker], block[talk.end() :], when)
        elif start := _START.match(block):
            self._start(start[1].strip(), block[start.end() :], when)
        elif event := _EVENT.match(block):
            self._event(event[1], block[event.end() :].strip("\n"), when)

    def settle(self) -> None:
        """Give the calls that no message followed to the last message, so that sums are right."""
        while self._calls and self._last_message is not None:
            self.draft.spend(self._last_message, self._calls.popleft())

    def _talk(self, speaker: str, to: list[str], body: str, when: int | None) -> None:
        said, role, instructions = _without_instructions(body)
        if role in to:
            self.draft.agent(role, instructions=instructions)
        spent = self._calls.popleft() if self._calls else Spent()
        self._last_message = len(self.draft.turns)
        self.draft.say(speaker, said, to=to, start_ns=when, spent=spent)

    def _start(self, speaker: str, body: str, when: int | None) -> None:
        said, role, instructions = _without_instructions(body)
        if role:
            self.draft.agent(role, instructions=instructions)
        self.draft.say(speaker, said, act=Act.HANDOFF, to=[role] if role else [], start_ns=when)

    def _event(self, name: str, body: str, when: int | None) -> None:
        if name.startswith("OpenAI_Usage"):
            used = dict(_USAGE.findall(body))
            self._calls.append(
                Spent(
                    model=self._model,
                    input_tokens=_whole(used.get("prompt_tokens")),
                    output_tokens=_whole(used.get("completion_tokens")),
                    cost_usd=money(used.get("cost")),
                )
            )
            return
        if name in {"Software Info", "Preprocessing"}:
            return
        self.settle()
        act, tool, is_error = Act.MESSAGE, None, False
        if name == "Update Codes":
            act, tool = Act.TOOL_RESULT, "update_codes"
        elif name == "Test Reports":
            act, tool, is_error = Act.TOOL_RESULT, "run_software", "without errors" not in body
        elif name == "Test Info":
            act, is_error = Act.VERDICT, False
        elif name == "Post Info":
            act = Act.ENDING
        self.draft.say("ChatDev", body, kind="system", act=act, tool=tool, is_error=is_error, start_ns=when)


def _whole(digits: str | None) -> int | None:
    return int(digits[:15]) if digits and digits.isdigit() else None


def _without_instructions(body: str) -> tuple[str, str, str | None]:
    """Take the bracketed instructions off a message; return the message, whose they are, and what they say."""
    text = body.strip("\n")
    if not text.startswith("["):
        return text, "", None
    end = text.find("]\n\n")
    end = len(text) - 1 if end < 0 and text.endswith("]") else end
    if end < 0:
        return text, "", None
    instructions = text[1:end]
    role = _ROLE_IN_BRACKETS.search(instructions)
    return text[end + 1 :].strip("\n"), role[1].strip() if role else "", instructions


def _ending(draft: Draft) -> Ending:
    if draft.turns[-1].act is Act.ENDING:
        return Ending(kind=EndingKind.COMPLETED, reason="the post-processing report is written")
    return Ending(kind=EndingKind.UNFINISHED, reason="the log ends without its post-processing report")


CHATDEV = Family(
    id="chatdev",
    title="ChatDev (log)",
    kind="text",
    looks_like="lines `[2025-17-01 11:36:43 INFO] …` with `**[…]**` events",
    matches=_matches,
    read=_read,
    notes=__doc__ or "",
)

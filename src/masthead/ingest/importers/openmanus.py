"""OpenManus: one agent that thinks and uses tools, as its loguru log.

- `Enter your prompt: …`, `Read prompt from …: …`, `Adding message to memory: user …`: the task
- `Manus's thoughts: …` with tools selected: tool call: the thoughts are the text; name and arguments from the lines
  that follow
- `Manus's thoughts: …` with no tool: message
- `Tool 'x' completed its mission! Result: …`: tool result of `x`; an error where it begins `Error`
- `Plan creation result: …`, `Plan completed: …`: message of `PlanningFlow`
- lines of level ERROR: message of `OpenManus` (kind system), an error
- "stuck state" warnings: message of `OpenManus`

`Token usage: Input=…, Completion=…` gives the tokens of the thoughts, or of the tool's result, that follow. Several
tools chosen at once are one call turn each; the log prints arguments for the first one only. Step markers and other
lines are left out. A run that called `terminate` has completed; one that reached its last step met its limit; one that
timed out or crashed ended with an error. Times are read as UTC.
"""

import re
from collections.abc import Iterator

from masthead.ingest.importers.cutting import cut
from masthead.ingest.importers.draft import NOTHING, Draft, Spent
from masthead.ingest.importers.family import Family, ImportedRun, Record, run_id_of
from masthead.ingest.importers.shapes import metadata, time_ns
from masthead.model.conversation import Act, Ending, EndingKind

_LINE = re.compile(r"^(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+) \| ([A-Z]+) *\| ([\w.<>]+):([\w<>]+):\d+ - ", re.MULTILINE)
_THOUGHTS = re.compile(r"[^\w\n]{0,6}([\w -]{1,40})'s thoughts:[ ]?")
_SELECTED = re.compile(r"[^\w\n]{0,6}([\w -]{1,40}) selected (\d+) tools? to use")
_PREPARED = re.compile(r"[^\w\n]{0,6}Tools being prepared: \[(.*)\]")
_ARGUMENTS = re.compile(r"[^\w\n]{0,6}Tool arguments: *")
_ACTIVATING = re.compile(r"[^\w\n]{0,6}Activating tool: '([^'\n]{1,80})'")
_RESULT = re.compile(r"[^\w\n]{0,6}Tool '([^'\n]{1,80})' completed its mission! Result: ?")
_OBSERVED = re.compile(r"Observed output of cmd `[^`\n]{1,80}` executed:\n?")
_TOKENS = re.compile(r"Token usage: Input=(\d{1,15}), Completion=(\d{1,15})")
_STEP = re.compile(r"Executing step (\d{1,9})/(\d{1,9})")
_TASK = re.compile(
    r"(?:Enter your prompt: ?|Read prompt from [^:\n]{1,200}: ?|Adding message to memory: user )([^\n]+)"
)


def _matches(record: Record) -> bool:
    head = (record.text or "")[:60_000]
    return _LINE.search(head) is not None and ("| app." in head or "Executing step " in head)


def _read(record: Record) -> Iterator[ImportedRun]:
    log = record.text or ""
    reader = _Reader()
    for start, body in cut(_LINE.finditer(log), log):
        reader.read(start[2], body.rstrip("\n"), time_ns(start[1]))
    reader.finish()
    if not reader.draft.turns:
        raise record.malformed('no "\'s thoughts:" line and no tool result, so no turn was found')
    yield ImportedRun(
        conversation=reader.draft.conversation(
            run_id_of("openmanus", log.strip()),
            system="OpenManus",
            task=_task(log),
            ending=reader.ending(),
            metadata=metadata([("format", "openmanus"), ("source", record.name), ("steps", reader.step)]),
        )
    )


def _task(log: str) -> str | None:
    for found in _TASK.finditer(log, 0, 100_000):
        said = _LINE.sub("", found[1]).strip()
        if said and not re.match(r"\d{4}-\d\d-\d\d ", said):
            return said
    return None


class _Reader:
    """Reads line after line; a thought waits until it is known whether tools were chosen with it."""

    def __init__(self) -> None:
        self.draft = Draft()
        self.step: int | None = None
        self._last_step: int | None = None
        self._agent = "Manus"
        self._thought: str | None = None
        self._when: int | None = None
        self._tools: list[str] = []
        self._spent = NOTHING
        self._called: list[str] = []
        self._error: str | None = None
        self._timed_out = False

    def read(self, level: str, body: str, when: int | None) -> None:
        if thoughts := _THOUGHTS.match(body):
            self.finish()
            self._agent, self._thought, self._when = thoughts[1].strip(), body[thoughts.end() :].strip(), when
        elif prepared := _PREPARED.match(body):
            self._tools = [name.strip(" '\"") for name in prepared[1].split(",") if name.strip(" '\"")]
        elif arguments := _ARGUMENTS.match(body):
            self._call(body[arguments.end() :].strip())
        elif activating := _ACTIVATING.match(body):
            if activating[1] not in self._called:
                self._tools = self._tools or [activating[1]]
                self._call(None)
        elif result := _RESULT.match(body):
            self.finish()
            self._result(result[1], body[result.end() :], when)
        elif tokens := _TOKENS.search(body):
            self.finish()
            self._spent = Spent(input_tokens=int(tokens[1]), output_tokens=int(tokens[2]))
        elif step := _STEP.match(body):
            self.finish()
            self.step, self._last_step = int(step[1]), int(step[2])
        else:
            self._other(level, body, when)

    def finish(self) -> None:
        """Add the waiting thought: with a call where tools were chosen and their arguments never printed."""
        if self._tools and not self._called:
            self._call(None)
        elif self._thought is not None and not self._called:
            self.draft.say(self._agent, self._thought, start_ns=self._when, spent=self._take())
        self._thought, self._tools, self._called = None, [], []

    def _take(self) -> Spent:
        spent, self._spent = self._spent, NOTHING
        return spent

    def _call(self, arguments: str | None) -> None:
        names = self._tools[len(self._called) :] or self._tools[-1:] or ["tool"]
        for position, name in enumerate(names if arguments is None else names[:1]):
            self.draft.say(
                self._agent,
                (self._thought or "") if not self._called and position == 0 else "",
                act=Act.TOOL_CALL,
                tool=name,
                arguments=arguments,
                start_ns=self._when,
                spent=self._take(),
            )
            self._called.append(name)

    def _result(self, tool: str, body: str, when: int | None) -> None:
        said = _OBSERVED.sub("", body, count=1).strip("\n")
        self.draft.say(
            tool, said, kind="tool", act=Act.TOOL_RESULT, tool=tool, to=[self._agent],
            is_error=said.startswith(("Error", "error:")), start_ns=when, spent=self._take(),
        )  # fmt: skip

    def _other(self, level: str, body: str, when: int | None) -> None:
        if body.startswith(("Plan creation result", "Plan completed", "Initial plan")):
            self.finish()
            self.draft.say("PlanningFlow", body, start_ns=when)
        elif level in {"ERROR", "CRITICAL"} or "stuck state" in body:
            self.finish()
            failed = level in {"ERROR", "CRITICAL"}
            self._error = body if failed else self._error
            self._timed_out = self._timed_out or "timed out" in body
            self.draft.say("OpenManus", body, kind="system", is_error=failed, start_ns=when)

    def ending(self) -> Ending:
        """Return how the run ended: its own `terminate` first, then what stopped it."""
        if any(turn.tool_name == "terminate" for turn in self.draft.turns[-4:]):
            return Ending(kind=EndingKind.COMPLETED, reason="terminate was called")
        last = self.draft.turns[-1]
        if self._timed_out or (last.is_error and last.speaker == "OpenManus"):
            return Ending(kind=EndingKind.ERROR, reason=(self._error or "")[:500] or None)
        if any(turn.text.startswith("Plan completed") for turn in self.draft.turns[-2:]):
            return Ending(kind=EndingKind.COMPLETED, reason="the plan is completed", answer=last.text)
        if self.step is not None and self.step == self._last_step:
            return Ending(kind=EndingKind.LIMIT, reason=f"step {self.step} of {self._last_step} was the last")
        return Ending(kind=EndingKind.UNFINISHED, reason="the log ends without terminate")


OPENMANUS = Family(
    id="openmanus",
    title="OpenManus (loguru log)",
    kind="text",
    looks_like="lines `… | INFO | app.agent.base:run:140 - Executing step 1/20`",
    matches=_matches,
    read=_read,
    notes=__doc__ or "",
)

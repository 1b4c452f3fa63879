"""FM-1.1, FM-1.2, FM-2.3 and FM-2.6: what agents do against the task, their role, or their own word."""

import re

import msgspec

from masthead.detect.rule import About, Claim, Close, Rule, Run
from masthead.detect.step import Step
from masthead.model.conversation import Act
from masthead.model.ids import AgentId

_WANTS_JSON = re.compile(r"\b(?:in|as|valid|only|a|return|output|respond with) (?:a )?(?:valid )?JSON\b", re.IGNORECASE)
_WANTS_XML = re.compile(r"\b(?:in|as|valid|return|output) (?:an )?XML\b", re.IGNORECASE)
_WANTS_YAML = re.compile(r"\b(?:in|as|valid|only|return|output|respond with) (?:a )?(?:valid )?YAML\b", re.IGNORECASE)
_WANTS_CODE = re.compile(
    r"\b(?:only|just|nothing but) (?:the )?(?:\w+ )?code\b|\bcode (?:block|fence)\b", re.IGNORECASE
)
_WANTS_KEYS = re.compile(
    r"\bJSON\b[^.\n]{0,60}\b(?:with|having|containing) (?:exactly |only )?(?:the )?"
    r"(?:keys?|fields?|members?|properties)\b:? ?([^.\n]{1,200})",
    re.IGNORECASE,
)
_KEY = re.compile(r"[`'\"]([\w-]{1,60})[`'\"]")
_YAML_LINE = re.compile(r"\s*(?:- |#|---|[\w\"' .-]{1,60}:(?:\s|$))")
_WANTS_BOXED = "\\boxed{"
_TAG = re.compile(r"<(/?)(\w+)[^<>]*>")
_INTENT = re.compile(
    r"\b(?:I will|I'll|let me|let's|I am going to|I'm going to) (?:now )?(?:use|call|run|invoke)\b", re.IGNORECASE
)
_NAME = re.compile(r"[`'\"]?\b([a-z]\w*_\w+)\b[`'\"]?")
_WORD = re.compile(r"[a-z]{5,}")
_COMMON = re.compile(
    r"about|after|answer|before|could|every|first|following|given|including|other|please|provide|should|their|there|"
    r"these|those|through|using|where|which|while|would|write"
)


class FormatState(msgspec.Struct):
    """The last thing that an agent said, and where; `wanted` is the format that the task asks for, `keys` its keys."""

    last: int = -1
    speaker: AgentId = AgentId("")
    text: str = ""
    wanted: str = ""
    keys: list[str] = msgspec.field(default_factory=list[str])


class FormatMismatch(Rule[FormatState]):
    """An answer that is not in the format that the task asks for."""

    id = "format-mismatch"
    version = "2"
    codes = ("FM-1.1",)
    acts = (Act.MESSAGE, Act.VERDICT)
    about = About(
        title="Another format than asked for",
        sees="A task that asks for JSON (with keys, if it quotes them), YAML, XML, a code block or a boxed answer, and "
        "a last word in which no such thing can be read.",
        blind="Any other constraint; a schema beyond the names of keys; a format that is asked for in passing.",
    )

    def __init__(self, **parameters: float) -> None:
        super().__init__(FormatState, **parameters)

    def begin(self, run: Run) -> None:
        """Forget everything and begin a run."""
        super().begin(run)
        self._ask(run.task or "")

    def step(self, step: Step) -> Claim | None:
        """Read the next step."""
        state = self.state
        if not step.position and not state.wanted:
            self._ask(step.text)
        elif state.wanted and step.kind == "agent" and step.text:
            state.last, state.speaker, state.text = step.index, step.speaker, step.text[-20_000:]
        return None

    def end(self, close: Close) -> Claim | None:
        """Read how the run ended."""
        del close
        state = self.state
        if not state.wanted or state.last < 0:
            return None
        lacks = _lacking(state.wanted, state.keys, state.text)
        if lacks is None:
            return None
        reason = f"the task asks for {state.wanted}; the last word holds {lacks}"
        return Claim((state.last,), reason, state.last, state.speaker)

    def _ask(self, task: str) -> None:
        self.state.wanted = _wanted(task)
        keys = _WANTS_KEYS.search(task) if self.state.wanted == "JSON" else None
        self.state.keys = _KEY.findall(keys[1])[:32] if keys is not None else []


def _wanted(task: str) -> str:
    if _WANTS_JSON.search(task):
        return "JSON"
    if _WANTS_XML.search(task):
        return "XML"
    if _WANTS_YAML.search(task):
        return "YAML"
    if _WANTS_BOXED in task:
        return "a boxed answer"
    return "a code block" if _WANTS_CODE.search(task) else ""


def _lacking(wanted: str, keys: list[str], text: str) -> str | None:
    """Return what the text does not have of what is wanted; None where it has all."""
    if wanted == "JSON":
        return _lacking_json(keys, text)
    if wanted == "XML":
        has = _has_element(text)
    elif wanted == "YAML":
        has = _has_yaml(text)
    else:
        has = ("\\boxed" if wanted == "a boxed answer" else "```") in text
    return None if has else "none"


def _lacking_json(keys: list[str], text: str) -> str | None:
    for opening, closing in (("{", "}"), ("[", "]")):
        start, end = text.find(opening), text.rfind(closing)
        if 0 <= start < end:
            body = text[start : end + 1].encode("utf-8", "replace")
            try:
                found: object = msgspec.json.decode(body)
            except (msgspec.DecodeError, RecursionError):
                continue
            missing = [key for key in keys if f'"{key}"'.encode() not in body] if isinstance(found, dict) else []
            return f"no {missing[0]!r}" if missing else None
    return "none"


def _has_yaml(text: str) -> bool:
    """Say whether the text, or a fenced part of it, is lines of keys and items: half of them, the rest goes on."""
    body = text.split("```")[1].partition("\n")[2] if text.count("```") >= 2 else text
    lines = [line for line in body.splitlines() if line.strip()]
    return bool(lines) and sum(_YAML_LINE.match(line) is not None for line in lines) * 2 >= len(lines)


def _has_element(text: str) -> bool:
    """Say whether an element is opened and closed again; one pass over the tags."""
    opened: set[str] = set()
    for tag in _TAG.finditer(text):
        if tag[1] and tag[2] in opened:
            return True
        if not tag[1]:
            opened.add(tag[2])
    return False


class NamesState(msgspec.Struct):
    """Who has spoken."""

    names: list[str] = msgspec.field(default_factory=list[str])


class RoleSwap(Rule[NamesState]):
    """An agent writes what another agent says."""

    id = "role-swap"
    version = "1"
    codes = ("FM-1.2",)
    acts = (Act.MESSAGE, Act.HANDOFF)
    about = About(
        title="Speaking for another",
        sees="A message with a line that opens with another agent's name and a colon, followed by its words.",
        blind="Acts that belong to another role without its name; quotations.",
    )

    def __init__(self, **parameters: float) -> None:
        super().__init__(NamesState, **parameters)

    def step(self, step: Step) -> Claim | None:
        """Read the next step."""
        names = self.state.names
        found: Claim | None = None
        if ":" in step.text:
            for name in names:
                if name != step.speaker and f"\n{name}: " in step.text:
                    found = Claim((step.index,), f"{step.speaker} writes what {name} says", step.index, step.speaker)
                    break
        if step.speaker not in names and len(names) < 64 and len(step.speaker) > 2:
            names.append(step.speaker)
        return found


class ToolsState(msgspec.Struct):
    """Tools that were used."""

    tools: list[str] = msgspec.field(default_factory=list[str])


class SaidAndDid(Rule[ToolsState]):
    """One tool announced, another called."""

    id = "said-and-did"
    version = "1"
    codes = ("FM-2.6",)
    acts = (Act.TOOL_CALL,)
    about = About(
        title="One thing said, another done",
        sees="A step that says which tool it will use, by a name that has been used in the run, and calls another.",
        blind="Every other decision; announced tools that are called later.",
    )

    def __init__(self, **parameters: float) -> None:
        super().__init__(ToolsState, **parameters)

    def step(self, step: Step) -> Claim | None:
        """Read the next step."""
        state = self.state
        found: Claim | None = None
        said = f"{step.turn.reasoning or ''} {step.text}"
        names = {name for name in _NAME.findall(said) if name in state.tools} if _INTENT.search(said) else set[str]()
        if len(names) == 1 and step.tool not in names and step.tool in state.tools:
            reason = f"{step.speaker} says {next(iter(names))} and calls {step.tool}"
            found = Claim((step.index,), reason, step.index, step.speaker)
        if step.tool and step.tool not in state.tools and len(state.tools) < 128:
            state.tools.append(step.tool)
        return found


class TopicState(msgspec.Struct):
    """The task's telling words, and how many agents' steps in a row held none of them."""

    words: list[str] = msgspec.field(default_factory=list[str])
    away: list[int] = msgspec.field(default_factory=list[int])


class OffTask(Rule[TopicState]):
    """The last part of a run shares no telling word with its task."""

    id = "off-task"
    version = "1"
    codes = ("FM-2.3",)
    acts = (Act.MESSAGE, Act.HANDOFF, Act.VERDICT)
    about = About(
        title="Nothing of the task is left",
        sees="Five messages in a row, at the end of the run, that share no longer word with the task.",
        blind="Another problem in the same words, which is the usual kind of derailment: this needs a judge.",
    )
    away: int = 5
    """Messages in a row."""

    def __init__(self, **parameters: float) -> None:
        super().__init__(TopicState, **parameters)

    def begin(self, run: Run) -> None:
        """Forget everything and begin a run."""
        super().begin(run)
        words = dict.fromkeys(word for word in _WORD.findall((run.task or "").lower()) if not _COMMON.fullmatch(word))
        self.state.words = list(words)[:200]

    def step(self, step: Step) -> Claim | None:
        """Read the next step."""
        state = self.state
        if step.kind != "agent" or len(step.text) < 40 or len(state.words) < 5:
            return None
        low = step.text.lower()
        if any(word in low for word in state.words):
            state.away.clear()
        elif len(state.away) < 50:
            state.away.append(step.index)
        return None

    def end(self, close: Close) -> Claim | None:
        """Read how the run ended."""
        del close
        away = self.state.away
        if len(away) < self.away:
            return None
        return Claim(
            tuple(away[: self.away]), f"the last {len(away)} messages share no longer word with the task", away[0]
        )

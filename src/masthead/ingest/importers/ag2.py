r"""AG2 (AutoGen): MathChat runs and group chats, as JSON.

`trajectory` is a list of `{content, role, name}`; one entry is one turn with the same index. `role` is passed over,
because MathChat writes it inverted (`mathproxyagent` is "assistant", `assistant` is "user"): `name` says who speaks.

- code that the next entry ran: tool call: the fenced code is the arguments, the rest is the text
- `exitcode: …`, or `mathproxyagent` after code: tool result; an error where the exit code is not 0 or a traceback
  shows
- `mathproxyagent`'s problem and "Continue. …": message; the proxy and `chat_manager` are of kind system
- everything else: message

`other_data.correct` says whether the run succeeded and `other_data.given` is its answer; the rest of `other_data` is
metadata. A folder `trajs_<model>_<prompt>_prompt_<topology>_topology_<seed>` gives `model`, `design` (baseline, prompt
or topology) and `seed`, which are metadata too; they are part of the run's identity. `note.options` becomes human
scores where anybody answered "yes" to one. A run whose last word holds `\boxed{}` or `SOLUTION_FOUND` has completed.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from masthead.ingest.importers.code import boxed, has_failed, is_execution, take_code
from masthead.ingest.importers.draft import NOTHING, Draft, Spent
from masthead.ingest.importers.family import Family, ImportedRun, Label, Record, run_id_of
from masthead.ingest.importers.shapes import Fields, boolean, fields, is_fields, items, metadata, optional_text, text
from masthead.model.conversation import Act, AgentKind, Ending, EndingKind

_FOLDER = re.compile(
    r"trajs_(?P<model>.+?)_(?P<prompt>impr|orig)_prompt_(?P<topology>impr|orig)_topology_(?P<seed>\d+)"
)
_PROXY = "mathproxyagent"
_PROMPTS = ("Continue.", "Continue ")
_FRAMEWORK = {_PROXY, "chat_manager", "user_proxy"}
_DESIGNS = {("orig", "orig"): "baseline", ("impr", "orig"): "prompt", ("impr", "impr"): "topology"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """One entry of a chat: who said what."""

    name: str
    text: str


def _matches(record: Record) -> bool:
    trajectory = items(fields(record.value).get("trajectory"))
    return bool(trajectory) and is_fields(trajectory[0], "content", "role", "name")


def _read(record: Record) -> Iterator[ImportedRun]:
    run = fields(record.value)
    entries: list[Entry] = []
    for position, entry in enumerate(items(run.get("trajectory"))):
        if not is_fields(entry, "content"):
            raise record.malformed(f"trajectory[{position}] is not an object with content and name, but {entry!r:.80}")
        said = fields(entry)
        entries.append(
            Entry(name=optional_text(said.get("name")) or text(said.get("role")), text=text(said["content"]))
        )
    folder = _FOLDER.search(record.name)
    design = _design(folder)
    draft = Draft()
    write(draft, entries, model=text(design.get("model")) or None)
    other = fields(run.get("other_data"))
    conversation = draft.conversation(
        run_id_of("ag2", run.get("instance_id"), run.get("trajectory"), design),
        system="AG2/MathChat" if _is_math(entries) else "AG2",
        task=optional_text(run.get("problem_statement")),
        task_id=optional_text(run.get("instance_id")),
        ending=ending_of(entries, other),
        is_success=boolean(other.get("correct")),
        tags=(text(design["design"]),) if design else (),
        metadata=metadata([("format", "ag2"), ("source", record.name), *design.items(), *other.items()]),
    )
    yield ImportedRun(conversation=conversation, labels=tuple(_labels(fields(run.get("note")))))


def _design(folder: "re.Match[str] | None") -> Fields:
    if folder is None:
        return {}
    design = _DESIGNS.get((folder["prompt"], folder["topology"]), f"{folder['prompt']}-{folder['topology']}")
    return {"model": folder["model"], "design": design, "seed": int(folder["seed"][:9])}


def _is_math(entries: Sequence[Entry]) -> bool:
    return any(entry.name in {_PROXY, "Agent_Verifier", "Agent_Problem_Solver"} for entry in entries)


def write(draft: Draft, entries: Sequence[Entry], *, model: str | None = None) -> None:
    """Add the entries of an AG2 chat as turns, one each: what was run is a call, what it gave a result."""
    spent = Spent(model=model) if model else NOTHING
    ran = ""
    pair = list(dict.fromkeys(entry.name for entry in entries))
    for position, entry in enumerate(entries):
        kind: AgentKind = "system" if entry.name in _FRAMEWORK else "tool" if _is_executor(entry.name) else "agent"
        other = [name for name in pair if name != entry.name] if len(pair) == 2 else []
        if _is_result(entry, ran=ran):
            draft.say(
                entry.name,
                entry.text,
                kind=kind,
                to=other,
                act=Act.TOOL_RESULT,
                tool=ran or "code",
                is_error=has_failed(entry.text) or entry.text.startswith("Error"),
            )
            ran = ""
            continue
        coded = take_code(entry.text)
        following = entries[position + 1] if position + 1 < len(entries) else None
        ran = (coded.language or "code") if coded.code and kind == "agent" else ""
        said_by_model = kind == "agent" and position > 0
        if ran and following is not None and _is_result(following, ran=ran):
            draft.say(entry.name, coded.prose, to=other, act=Act.TOOL_CALL, tool=ran, arguments=coded.code, spent=spent)
        else:
            draft.say(entry.name, entry.text, kind=kind, to=other, spent=spent if said_by_model else NOTHING)


def _is_executor(name: str) -> bool:
    return name.lower() in {"computer_terminal", "code_executor", "executor", "code_executor_agent"}


def _is_result(entry: Entry, *, ran: str) -> bool:
    if is_execution(entry.text):
        return True
    return bool(ran) and entry.name == _PROXY and not entry.text.startswith(_PROMPTS)


def ending_of(entries: Sequence[Entry], other: Fields) -> Ending:
    """Return how an AG2 chat ended, by its last word; `given` is the answer that its checker took."""
    last = entries[-1].text if entries else ""
    given = boxed(last)
    answer = optional_text(other.get("given")) or given
    if given is not None or "SOLUTION_FOUND" in last:
        return Ending(kind=EndingKind.COMPLETED, reason="an answer is given", answer=answer)
    if "TERMINATE" in last:
        return Ending(kind=EndingKind.COMPLETED, reason="TERMINATE", answer=answer)
    return Ending(kind=EndingKind.UNFINISHED, reason="the chat ends without an answer", answer=answer)


def _labels(note: Fields) -> Iterator[Label]:
    """Yield the annotator's codes; a form on which every answer is still "no" was never filled in."""
    options = {name: boolean(answer) for name, answer in fields(note.get("options")).items()}
    if not any(options.values()):
        return
    for name, answer in options.items():
        if answer is not None:
            yield Label(name=name, flag=answer, evaluator="human:masft-note", reason=optional_text(note.get("text")))


AG2 = Family(
    id="ag2",
    title="AG2 / AutoGen MathChat (JSON)",
    kind="json",
    looks_like="an object with `trajectory`: objects with `content`, `role` and `name`",
    matches=_matches,
    read=_read,
    notes=__doc__ or "",
)

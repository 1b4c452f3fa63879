"""Chat messages as vendors' APIs have them: OpenAI (chat and responses), Anthropic, ShareGPT; and tau-bench's runs.

A run is a list of messages, or an object that holds one under `messages`, `conversation`, `conversations`, `history`,
`trajectory`, `traj`, `chat_history` or `turns`; JSON lines with one message a line are one run. One message is one turn
with the same 0-based index. A message with several tool calls is a turn for each; the run's metadata `split_entries`
then says which (`5:3`: entry 5 became three turns).

- `system`, `developer`: message of kind system
- `user` (ShareGPT `human`): message of kind human
- `assistant` (`name` or `sender` is the agent): message
- … with `tool_calls`, `function_call` or a `tool_use` block: tool call; text beside it stays its text
- … of `transfer_to_X`, where X speaks in the run: handoff to X
- `tool`, `function`, a `tool_result` block, `function_call_output`: tool result with the call's id; an error where it
  begins `Error` or shows a traceback
- `reasoning_content`, `reasoning`, `thinking`: the turn's reasoning

tau-bench: `reward` of 1 is success; `info.task.instruction` is the task, `task_id` its id, `trial` metadata;
`info.task.user_id` the end user. τ²-bench's `simulations` are one run each.
"""

from collections.abc import Iterator, Sequence

import orjson

from masthead.ingest.importers.chat import Call, Said, ending_of, task_of, write
from masthead.ingest.importers.draft import Draft, Spent
from masthead.ingest.importers.family import Family, ImportedRun, Record, run_id_of
from masthead.ingest.importers.shapes import (
    Fields,
    boolean,
    count,
    fields,
    is_fields,
    items,
    metadata,
    money,
    number,
    optional_text,
    text,
    time_ns,
)

_HOLDERS = ("messages", "conversation", "conversations", "history", "trajectory", "traj", "chat_history", "turns")
_ROLES = {"system", "developer", "user", "assistant", "tool", "function", "human", "gpt", "model", "ai", "bot"}
_ROLE_OF = {
    "developer": "system",
    "human": "user",
    "gpt": "assistant",
    "model": "assistant",
    "ai": "assistant",
    "bot": "assistant",
    "function": "tool",
}
_ITEMS = {"function_call", "function_call_output", "reasoning", "message"}


def is_message(value: object) -> bool:
    """Say whether the value is one chat message of a vendor's API."""
    if not is_fields(value):
        return False
    message = fields(value)
    if text(message.get("type")) in {"function_call", "function_call_output"}:
        return True
    if is_fields(value, "from", "value"):
        return text(message["from"]).lower() in _ROLES
    role = message.get("role")
    if not isinstance(role, str) or role not in _ROLES:
        return False
    return "content" in message or "tool_calls" in message or "function_call" in message


def _is_chat(value: object) -> bool:
    entries = items(value)
    return bool(entries) and is_message(entries[0]) and all(is_fields(entry) for entry in entries[:20])


def _held(value: object) -> list[object] | None:
    """Return the messages that the value is or holds."""
    if _is_chat(value):
        return items(value)
    for holder in _HOLDERS:
        if _is_chat(fields(value).get(holder)):
            return items(fields(value)[holder])
    return None


def _is_tau(record: Record) -> bool:
    run = fields(record.value)
    return "reward" in run and _is_chat(run.get("traj"))


def _is_tau2(record: Record) -> bool:
    simulations = items(fields(record.value).get("simulations"))
    return bool(simulations) and _is_chat(fields(simulations[0]).get("messages"))


def _matches_messages(record: Record) -> bool:
    return not _is_tau(record) and _held(record.value) is not None


def _read_messages(record: Record) -> Iterator[ImportedRun]:
    held = _held(record.value)
    if held is None:
        raise record.malformed("no list of messages with role and content was found")
    run = fields(record.value)
    entries = said_of(record, held)
    draft = Draft()
    split = write(draft, entries)
    facts = [(name, value) for name, value in run.items() if name not in {*_HOLDERS, "task", "question"}]
    yield ImportedRun(
        conversation=draft.conversation(
            run_id_of("messages", run.get("id"), held),
            system=optional_text(run.get("system_name")) or optional_text(run.get("agent")),
            task=optional_text(run.get("task")) or optional_text(run.get("question")) or task_of(entries),
            task_id=optional_text(run.get("task_id")) or optional_text(run.get("id")),
            ending=ending_of(entries),
            is_success=_success(run),
            metadata=metadata(
                [*facts, ("format", "openai-messages"), ("source", record.name), ("split_entries", split)]
            ),
        )
    )


def _success(run: Fields) -> bool | None:
    for name in ("success", "is_success", "resolved", "correct", "is_correct"):
        found = boolean(run.get(name))
        if found is not None:
            return found
    reward = number(run.get("reward"))
    return None if reward is None else reward >= 1


def _read_tau(record: Record) -> Iterator[ImportedRun]:
    if _is_tau2(record):
        whole = fields(record.value)
        for simulation in items(whole.get("simulations")):
            run = fields(simulation)
            facts = [("domain", fields(fields(whole.get("info")).get("environment_info")).get("domain_name"))]
            reward = number(fields(run.get("reward_info")).get("reward"))
            yield _tau(record, run, items(run.get("messages")), reward=reward, task={}, facts=facts)
        return
    run = fields(record.value)
    task = fields(fields(run.get("info")).get("task"))
    yield _tau(record, run, items(run.get("traj")), reward=number(run.get("reward")), task=task, facts=[])


def _tau(
    record: Record,
    run: Fields,
    messages: Sequence[object],
    *,
    reward: float | None,
    task: Fields,
    facts: list[tuple[str, object]],
) -> ImportedRun:
    entries = said_of(record, messages)
    draft = Draft()
    split = write(draft, entries)
    return ImportedRun(
        conversation=draft.conversation(
            run_id_of("tau-bench", run.get("task_id"), run.get("trial"), list(messages)),
            system="tau-bench",
            task=optional_text(task.get("instruction")) or task_of(entries),
            task_id=optional_text(run.get("task_id")),
            ending=ending_of(entries),
            is_success=None if reward is None else reward >= 1,
            user_id=optional_text(task.get("user_id")),
            metadata=metadata(
                [
                    ("format", "tau-bench"),
                    ("source", record.name),
                    ("trial", run.get("trial")),
                    ("reward", reward),
                    ("split_entries", split),
                    *facts,
                ]
            ),
        )
    )


def said_of(record: Record, messages: Sequence[object]) -> list[Said]:
    """Read each message; refuse the record where one is none."""
    entries: list[Said] = []
    for position, value in enumerate(messages):
        if not is_fields(value):
            raise record.malformed(f"message {position} is not an object with role and content, but {value!r:.80}")
        entries.append(_said(fields(value)))
    return entries


def _said(message: Fields) -> Said:
    kind = message.get("type")
    if kind == "function_call":
        call = Call(
            name=text(message.get("name")) or "tool",
            arguments=as_json(message.get("arguments")),
            id=optional_text(message.get("call_id")),
        )
        return Said(role="assistant", text="", calls=(call,))
    if kind == "function_call_output":
        return Said(role="tool", text=text(message.get("output")), call_id=optional_text(message.get("call_id")))
    role = text(message.get("role", message.get("from", "assistant"))).lower()
    if kind == "reasoning" and "role" not in message:
        return Said(role="assistant", text="", reasoning=text(message.get("summary")) or None)
    content = message.get("content", message.get("value"))
    blocks = [fields(block) for block in items(content)]
    results = [block for block in blocks if block.get("type") == "tool_result"]
    if results:
        return _block_result(results, blocks)
    plain = _plain(content, blocks)
    role = _ROLE_OF.get(role, role)
    tool = role == "tool"
    return Said(
        role=role if role in {"system", "user", "assistant", "tool"} else "assistant",
        text=plain or text(message.get("refusal")),
        name=optional_text(message.get("sender", message.get("name"))) or (None if role in _ROLES else role),
        reasoning=_reasoning(message, blocks),
        calls=tuple(_calls(message, blocks)),
        call_id=optional_text(message.get("tool_call_id", message.get("id") if tool else None)),
        tool=optional_text(message.get("name")) if tool else None,
        is_error=message.get("error") is True or (tool and message.get("is_error") is True),
        start_ns=time_ns(message.get("timestamp", message.get("created_at"))),
        spent=_spent(message),
    )


def _plain(content: object, blocks: list[Fields]) -> str:
    if not blocks or not any("type" in block for block in blocks):
        return text(content)
    silent = {"tool_use", "thinking", "redacted_thinking", "reasoning"}
    return text([block for block in blocks if text(block.get("type")) not in silent])


def _block_result(results: list[Fields], blocks: list[Fields]) -> Said:
    beside = [block for block in blocks if block.get("type") == "text"]
    return Said(
        role="tool",
        text="\n".join(text(block.get("content")) for block in [*results, *beside]),
        call_id=optional_text(results[0].get("tool_use_id")),
        is_error=any(block.get("is_error") is True for block in results),
    )


def _reasoning(message: Fields, blocks: list[Fields]) -> str | None:
    for name in ("reasoning_content", "reasoning", "thinking"):
        if isinstance(message.get(name), str) and text(message[name]).strip():
            return text(message[name])
    thoughts = [block for block in blocks if text(block.get("type")) in {"thinking", "reasoning"}]
    return text(thoughts).strip() or None if thoughts else None


def _calls(message: Fields, blocks: list[Fields]) -> Iterator[Call]:
    legacy = message.get("function_call")
    for value in [*items(message.get("tool_calls")), *([{"function": legacy}] if is_fields(legacy) else [])]:
        call = fields(value)
        function = call.get("function")
        inner = fields(function) if is_fields(function) else call
        name = inner.get("name", function if isinstance(function, str) else None)
        arguments = inner.get("arguments", inner.get("args"))
        yield Call(name=text(name) or "tool", arguments=as_json(arguments), id=optional_text(call.get("id")))
    for block in blocks:
        if block.get("type") == "tool_use":
            yield Call(
                name=text(block.get("name")) or "tool",
                arguments=as_json(block.get("input")),
                id=optional_text(block.get("id")),
            )


def as_json(value: object) -> str:
    """Return arguments as JSON text: text as the model gave it, anything else written out."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    try:
        return orjson.dumps(value).decode()
    except TypeError:  # a lone surrogate, or an integer beyond 64 bits
        return str(value)


def _spent(message: Fields) -> Spent:
    usage = fields(message.get("usage"))
    return Spent(
        model=optional_text(message.get("model")),
        input_tokens=count(usage.get("prompt_tokens", usage.get("input_tokens"))),
        output_tokens=count(usage.get("completion_tokens", usage.get("output_tokens"))),
        cost_usd=money(message.get("cost")),
    )


TAU_BENCH = Family(
    id="tau-bench",
    title="tau-bench (JSON)",
    kind="json",
    looks_like="objects with `traj` and `reward`, or `simulations` of messages",
    matches=lambda record: _is_tau(record) or _is_tau2(record),
    read=_read_tau,
    notes=__doc__ or "",
)
OPENAI_MESSAGES = Family(
    id="openai-messages",
    title="Chat messages: OpenAI, Anthropic, ShareGPT (JSON, JSON lines)",
    kind="json",
    looks_like="a list of messages with `role` and `content`, or an object that holds one",
    matches=_matches_messages,
    read=_read_messages,
    notes=__doc__ or "",
    is_general=True,
)

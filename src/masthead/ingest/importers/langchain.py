"""LangChain and LangGraph: messages as they are dumped, plain, in `data`, or in LangChain's own serialisation.

A run is a list of messages, or a state that holds one: under `messages`, in `values`, `channel_values`, `output` or
`input`. One message is one turn with the same 0-based index (several tool calls in one: see OpenAI messages).

- `human`: message of kind human
- `ai` (`name` is the agent): message; with `tool_calls` a tool call, with `transfer_to_X` or `transfer_back_to_X` a
  handoff
- `tool`, `function`: tool result; an error where `status` is `error`
- `system`: message of kind system
- `remove`, chunks: read as what they stand for; a removal is left out

`usage_metadata` gives tokens, `response_metadata.model_name` the model. `thread_id`, where there is one, is the
session.
"""

from collections.abc import Iterator

from masthead.ingest.importers.chat import Call, Said, ending_of, task_of, write
from masthead.ingest.importers.draft import Draft, Spent
from masthead.ingest.importers.family import Family, ImportedRun, Record, run_id_of
from masthead.ingest.importers.openai_messages import as_json
from masthead.ingest.importers.shapes import (
    Fields,
    count,
    fields,
    is_fields,
    is_items,
    items,
    metadata,
    optional_text,
    text,
)

_ROLES = {"human": "user", "ai": "assistant", "tool": "tool", "function": "tool", "system": "system", "chat": "user"}
_HOLDERS = ("messages", "values", "channel_values", "checkpoint", "output", "input", "state")


def is_message(value: object) -> bool:
    """Say whether the value is one LangChain message, in any of its dumps."""
    return _unwrapped(value) is not None


def _unwrapped(value: object) -> tuple[str, Fields] | None:
    """Return the message's type and its own fields."""
    message = fields(value)
    if message.get("lc") == 1 and message.get("type") == "constructor":
        names = [text(part) for part in items(message.get("id"))]
        kind = names[-1].removesuffix("Chunk").removesuffix("Message").lower() if names else ""
        kwargs = fields(message.get("kwargs"))
        return (kind, kwargs) if kind in {*_ROLES, "remove"} and "content" in kwargs else None
    kind = text(message.get("type")).removesuffix("Chunk").removesuffix("Message").lower()
    if kind not in {*_ROLES, "remove"} or "role" in message:
        return None
    data = message.get("data")
    if is_fields(data):
        return kind, fields(data)
    return (kind, message) if "content" in message else None


def _held(value: object, depth: int = 0) -> list[object] | None:
    entries = items(value)
    if entries:
        return entries if is_message(entries[0]) else None
    if depth > 3:
        return None
    for holder in _HOLDERS:
        inner = fields(value).get(holder)
        found = _held(inner, depth + 1) if inner is not None else None
        if found is not None:
            return found
    return None


def _read(record: Record) -> Iterator[ImportedRun]:
    held = _held(record.value)
    if held is None:
        raise record.malformed("no list of LangChain messages was found")
    entries: list[Said] = []
    for position, value in enumerate(held):
        message = _unwrapped(value)
        if message is None:
            raise record.malformed(f"message {position} is no LangChain message, but {value!r:.80}")
        if message[0] != "remove":
            entries.append(_said(*message))
    run = fields(record.value)
    configurable = fields(fields(run.get("config")).get("configurable"))
    draft = Draft()
    split = write(draft, entries)
    named = any(said.name for said in entries if said.role == "assistant")
    yield ImportedRun(
        conversation=draft.conversation(
            run_id_of("langchain", held),
            system="LangGraph" if named or not is_items(record.value) else "LangChain",
            task=task_of(entries),
            ending=ending_of(entries),
            session_id=optional_text(configurable.get("thread_id", run.get("thread_id"))),
            metadata=metadata([("format", "langchain"), ("source", record.name), ("split_entries", split)]),
        )
    )


def _said(kind: str, message: Fields) -> Said:
    role = _ROLES.get(kind, "assistant")
    usage = fields(message.get("usage_metadata"))
    response = fields(message.get("response_metadata"))
    extra = fields(message.get("additional_kwargs"))
    content = message.get("content")
    blocks = [
        block
        for block in items(content)
        if text(fields(block).get("type")) not in {"tool_use", "thinking", "reasoning"}
    ]
    calls = items(message.get("tool_calls")) or items(extra.get("tool_calls"))
    return Said(
        role=role,
        text=text(blocks) if is_items(content) else text(content),
        name=optional_text(message.get("name")) if role != "tool" else None,
        reasoning=optional_text(extra.get("reasoning_content")),
        calls=tuple(_call(fields(call)) for call in calls),
        call_id=optional_text(message.get("tool_call_id")),
        tool=optional_text(message.get("name")) if role == "tool" else None,
        is_error=message.get("status") == "error",
        spent=Spent(
            model=optional_text(response.get("model_name", response.get("model"))),
            input_tokens=count(usage.get("input_tokens")),
            output_tokens=count(usage.get("output_tokens")),
        ),
    )


def _call(call: Fields) -> Call:
    function = fields(call.get("function"))
    return Call(
        name=text(call.get("name", function.get("name"))) or "tool",
        arguments=as_json(call.get("args", function.get("arguments"))),
        id=optional_text(call.get("id")),
    )


LANGCHAIN = Family(
    id="langchain",
    title="LangChain / LangGraph messages (JSON)",
    kind="json",
    looks_like="messages with `type` human, ai, tool or system, or LangChain's `lc` objects",
    matches=lambda record: _held(record.value) is not None,
    read=_read,
    notes=__doc__ or "",
)

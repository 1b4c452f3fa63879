"""Inspect AI logs: `.eval` (a zip) and `.json`; every sample of every epoch is one run.

One entry of a sample's `messages` is one turn with the same 0-based index (several tool calls in one: see chat
messages). Tokens and times come from the model events that made the messages; texts that Inspect keeps as attachments
are put back.

`scores` become scores by `inspect:<scorer>` (source code, or llm where the scorer is a model's: its name begins
`model_graded`). The first one that is C or I, or a number, says whether the run succeeded (a number from 1 on does).
The task is the sample's input, its id the sample's; `epoch`, `target` and the eval's task and model are metadata. A
sample's `error` ends the run with an error, its `limit` with a limit.
"""

from collections.abc import Iterator
from dataclasses import replace

from masthead.ingest.importers.chat import Said, ending_of, task_of, write
from masthead.ingest.importers.draft import Draft, Spent
from masthead.ingest.importers.family import Family, ImportedRun, Label, Record, run_id_of
from masthead.ingest.importers.openai_messages import said_of
from masthead.ingest.importers.shapes import (
    Fields,
    count,
    fields,
    is_fields,
    is_items,
    items,
    metadata,
    number,
    optional_text,
    text,
    time_ns,
)
from masthead.model.conversation import Ending, EndingKind

_ATTACHMENT = "attachment://"


def _matches(record: Record) -> bool:
    log = fields(record.value)
    return is_fields(log.get("eval"), "task", "model") and ("samples" in log or "sample" in log or "status" in log)


def _read(record: Record) -> Iterator[ImportedRun]:
    log = fields(record.value)
    samples = [log["sample"]] if "sample" in log else items(log.get("samples"))
    if not samples:
        raise record.malformed("the log holds no samples: it was written without them, or the evaluation never began")
    for position, sample in enumerate(samples):
        if not is_fields(sample, "messages"):
            raise record.malformed(f"samples[{position}] has no messages")
        yield _run(record, fields(log.get("eval")), fields(sample))


def _run(record: Record, evaluation: Fields, sample: Fields) -> ImportedRun:
    attachments = fields(sample.get("attachments"))
    messages = [_with_attachments(fields(message), attachments) for message in items(sample.get("messages"))]
    made = _model_events(sample)
    entries = [
        _told(said, fields(message), made) for said, message in zip(said_of(record, messages), messages, strict=True)
    ]
    draft = Draft()
    split = write(draft, entries)
    labels = list(_labels(fields(sample.get("scores"))))
    task = optional_text(evaluation.get("task"))
    return ImportedRun(
        conversation=draft.conversation(
            run_id_of(
                "inspect", evaluation.get("run_id"), sample.get("uuid"), sample.get("id"), sample.get("epoch"), messages
            ),
            system=f"Inspect/{task}" if task else "Inspect",
            task=optional_text(sample.get("input")) if isinstance(sample.get("input"), str) else task_of(entries),
            task_id=optional_text(sample.get("id")),
            ending=_ending(sample, entries),
            is_success=_success(labels),
            metadata=metadata(
                [
                    ("format", "inspect"),
                    ("source", record.name),
                    ("model", evaluation.get("model")),
                    ("epoch", sample.get("epoch")),
                    ("target", text(sample.get("target"))),
                    ("split_entries", split),
                ]
            ),
        ),
        labels=tuple(labels),
    )


def _with_attachments(message: Fields, attachments: Fields) -> Fields:
    content = message.get("content")
    if is_items(content):
        return {**message, "content": [_block(fields(part), attachments) for part in items(content)]}
    return {**message, "content": _text(content, attachments)}


def _block(part: Fields, attachments: Fields) -> Fields:
    return {name: _text(value, attachments) for name, value in part.items()}


def _text(value: object, attachments: Fields) -> object:
    if isinstance(value, str) and value.startswith(_ATTACHMENT):
        return attachments.get(value.removeprefix(_ATTACHMENT), value)
    return value


def _model_events(sample: Fields) -> dict[str, tuple[Spent, int | None]]:
    """Return, by message id, what the call that made it used and when it began."""
    made: dict[str, tuple[Spent, int | None]] = {}
    for value in items(sample.get("events")):
        event = fields(value)
        if event.get("event") != "model":
            continue
        output = fields(event.get("output"))
        usage = fields(output.get("usage"))
        choices = items(output.get("choices"))
        identity = optional_text(fields(fields(choices[0]).get("message")).get("id")) if choices else None
        if identity:
            spent = Spent(
                model=optional_text(output.get("model")),
                input_tokens=count(usage.get("input_tokens")),
                output_tokens=count(usage.get("output_tokens")),
            )
            made[identity] = (spent, time_ns(event.get("timestamp")))
    return made


def _told(said: Said, message: Fields, made: dict[str, tuple[Spent, int | None]]) -> Said:
    identity = optional_text(message.get("id"))
    if identity is not None and identity in made:
        spent, when = made[identity]
        return replace(said, spent=spent, start_ns=when)
    failed = fields(message.get("error"))
    if said.role == "tool":
        return replace(
            said,
            text=said.text or text(failed.get("message")),
            tool=said.tool or optional_text(message.get("function")),
            is_error=bool(failed),
        )
    return said


def _labels(scores: Fields) -> Iterator[Label]:
    for name, value in scores.items():
        score = fields(value)
        found = score.get("value")
        plain = number(float(found) if isinstance(found, bool) else found)
        yield Label(
            name=name,
            evaluator=f"inspect:{name}",
            source="llm" if name.startswith("model_graded") else "code",
            number=plain,
            label=found if isinstance(found, str) else None,
            reason=optional_text(score.get("explanation")),
        )


def _success(labels: list[Label]) -> bool | None:
    for label in labels:
        if label.label in {"C", "I"}:
            return label.label == "C"
        if label.number is not None:
            return label.number >= 1
    return None


def _ending(sample: Fields, entries: list[Said]) -> Ending:
    error = optional_text(fields(sample.get("error")).get("message"))
    if error:
        return Ending(kind=EndingKind.ERROR, reason=error[:500])
    limit = fields(sample.get("limit"))
    answer = optional_text(fields(sample.get("output")).get("completion"))
    if limit:
        return Ending(
            kind=EndingKind.LIMIT, reason=f"{text(limit.get('type'))} {text(limit.get('limit'))}", answer=answer
        )
    return replace(ending_of(entries), answer=answer)


INSPECT = Family(
    id="inspect",
    title="Inspect AI (.eval, .json)",
    kind="json",
    looks_like="a zip with `header.json` and `samples/`, or an object with `eval` and `samples`",
    matches=_matches,
    read=_read,
    notes=__doc__ or "",
)

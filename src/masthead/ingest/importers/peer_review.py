"""Multi-agent peer review (MASFT): agents solve alone, review one another, and answer again. JSON.

`trajectory` holds one chat an agent, keyed by the agent's number. The chats ran in step, so their entries are laid side
by side: entry 0 of every agent, then entry 1, and so on. `user` entries are the script's prompts (messages of
`Moderator`, kind system, to that agent), `assistant` entries the agent's: the first is its solution, those between its
reviews (verdicts), the last its final answer.

`other_data.correct` has one word an agent; it is metadata, as is `number_correct`: the record does not say which answer
counts as the run's.
"""

from collections.abc import Iterator

from masthead.ingest.importers.code import boxed
from masthead.ingest.importers.draft import Draft
from masthead.ingest.importers.family import Family, ImportedRun, Record, run_id_of
from masthead.ingest.importers.shapes import Fields, fields, is_fields, items, metadata, optional_text, text
from masthead.model.conversation import Act, Ending, EndingKind


def _matches(record: Record) -> bool:
    chats = fields(record.value).get("trajectory")
    return is_fields(chats) and any(
        items(chat) and is_fields(items(chat)[0], "role", "content") for chat in fields(chats).values()
    )


def _read(record: Record) -> Iterator[ImportedRun]:
    run = fields(record.value)
    chats = {f"Agent {key}": items(chat) for key, chat in fields(run.get("trajectory")).items()}
    for agent, chat in chats.items():
        for position, entry in enumerate(chat):
            if not is_fields(entry, "role", "content"):
                raise record.malformed(f"entry {position} of {agent} is not an object with role and content")
    draft = Draft()
    for position in range(max((len(chat) for chat in chats.values()), default=0)):
        for agent, chat in chats.items():
            if position < len(chat):
                _say(draft, agent, fields(chat[position]), is_first=position <= 1, is_last=position >= len(chat) - 1)
    if not draft.turns:
        raise record.malformed("trajectory holds no chat with entries")
    other = fields(run.get("other_data"))
    finals = [boxed(text(fields(chat[-1])["content"])) for chat in chats.values() if chat]
    answers = [answer for answer in finals if answer is not None]
    is_whole = len(answers) == len(chats)
    yield ImportedRun(
        conversation=draft.conversation(
            run_id_of("peer-review", run.get("instance_id"), run.get("trajectory")),
            system="Multi-Agent-Peer-Review",
            task=optional_text(run.get("problem_statement")),
            task_id=optional_text(run.get("instance_id")),
            ending=Ending(
                kind=EndingKind.COMPLETED if is_whole else EndingKind.UNFINISHED,
                reason="every agent gives its final answer" if is_whole else "not every agent gives a final answer",
                answer=", ".join(answers) or None,
            ),
            metadata=metadata(
                [
                    ("format", "peer-review"),
                    ("source", record.name),
                    ("answer", other.get("answer")),
                    ("number_correct", other.get("number_correct")),
                    ("correct", ", ".join(text(word) for word in items(other.get("correct")))),
                ]
            ),
        )
    )


def _say(draft: Draft, agent: str, entry: Fields, *, is_first: bool, is_last: bool) -> None:
    said = text(entry["content"])
    if entry["role"] != "assistant":
        draft.say("Moderator", said, kind="system", to=[agent])
    else:
        draft.say(agent, said, act=Act.MESSAGE if is_first or is_last else Act.VERDICT)


PEER_REVIEW = Family(
    id="peer-review",
    title="Multi-agent peer review (JSON)",
    kind="json",
    looks_like="an object with `trajectory`: an object of chats, one an agent",
    matches=_matches,
    read=_read,
    notes=__doc__ or "",
)

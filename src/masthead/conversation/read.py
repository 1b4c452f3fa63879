"""Spans of any convention into the conversation they record."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from masthead.conversation.ending import ending_of
from masthead.conversation.hear import Listener
from masthead.conversation.scribe import HUMAN, Said, Scribe
from masthead.conversation.tree import Step, Sweep, swept
from masthead.conversation.written import is_written, read_written, run_facts
from masthead.model.conversation import Conversation, EndingKind
from masthead.model.ids import RunId
from masthead.model.span import AttributeValue, Span


def conversation_of(spans: Sequence[Span]) -> Conversation:
    """Return the run's conversation: ordered turns, roster, task and ending.

    Total: it never raises, whatever the spans hold. Linear in the spans and their text, but for sorting by time.
    """
    run_id = spans[0].trace_id if spans else RunId("")
    if is_written(spans):
        return read_written(run_id, spans)
    sweep = swept(spans)
    facts = _facts(run_id, sweep)
    task = facts.task
    scribe = Scribe(sweep.names)
    if task is not None:
        scribe.meet(HUMAN)
    listener = Listener(scribe)
    for moment in sweep.moments:
        listener.hear(moment)
    if task is not None:
        _ask_first(task, scribe, sweep.roots[0])
    human = next((said for said in scribe.turns if said.speaker == HUMAN), None)
    turns, agents = scribe.finished()
    if task is None and human is not None:
        task = human.text
    ending = facts.ending
    if ending.kind is EndingKind.UNKNOWN:
        found = ending_of(turns, agents, sweep.roots)
        ending = replace(found, answer=ending.answer if ending.answer is not None else found.answer)
    return replace(facts, task=task, turns=turns, agents=agents, ending=ending)


def _ask_first(task: str, scribe: Scribe, root: Step) -> None:
    """Put the turn in which a person asks first, where only the root span, or a later model call, tells of it."""
    turns = scribe.turns
    told = next((at for at, said in enumerate(turns) if said.speaker == HUMAN and task.strip() in said.text), None)
    if told is not None and (told == 0 or turns[told].text.strip() != task.strip()):
        return
    asked = turns.pop(told) if told is not None else Said(speaker=HUMAN, text=task)
    asked.addressees = asked.addressees or ((turns[0].speaker,) if turns else ())
    asked.span_id, asked.start_ns, asked.end_ns = root.span.span_id, root.start_ns, root.start_ns
    turns.insert(0, asked)


def _facts(run_id: RunId, sweep: Sweep) -> Conversation:
    """Return what the spans say of the run as a whole: the roots first, then whichever span says it first."""
    steps = [*sweep.roots, *(moment.step for moment in sweep.moments if moment.is_start)]
    telling = next((step.span for step in steps if _says_run_facts(step.span)), None)
    facts = run_facts(run_id, telling.attributes if telling is not None else {})
    metadata: dict[str, AttributeValue] = {}
    for step in steps:
        for key, value in step.scalars.metadata.items():
            metadata.setdefault(key, value)
    return replace(
        facts,
        system=facts.system or _first(step.scalars.system for step in steps) or _service(steps),
        task=facts.task or _first(step.scalars.task for step in steps),
        session_id=facts.session_id or _first(step.scalars.session_id for step in steps),
        user_id=facts.user_id or _first(step.scalars.user_id for step in steps),
        tags=facts.tags or tuple(dict.fromkeys(tag for step in steps for tag in step.scalars.tags)),
        metadata=facts.metadata or metadata,
    )


def _says_run_facts(span: Span) -> bool:
    return any(name.startswith("masthead.run.") for name in span.attributes)


def _service(steps: Iterable[Step]) -> str | None:
    for step in steps:
        name = step.span.resource.get("service.name")
        if isinstance(name, str) and name and not name.startswith("unknown_service"):
            return name
    return None


def _first(values: Iterable[str | None]) -> str | None:
    return next((value for value in values if value), None)

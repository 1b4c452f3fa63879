"""Spans of any convention into the conversation they record."""

from collections.abc import Sequence

from masthead.conversation.written import is_written, read_written
from masthead.model.conversation import Conversation
from masthead.model.ids import RunId
from masthead.model.span import Span


def conversation_of(spans: Sequence[Span]) -> Conversation:
    """Return the run's conversation: ordered turns, roster, task and ending. Total: it never raises."""
    run_id = spans[0].trace_id if spans else RunId("")
    if is_written(spans):
        return read_written(run_id, spans)
    return Conversation(run_id=run_id)

"""Turns spans into a conversation (turns, roster, task, ending), a conversation into spans, and both into a flow.

Pure and linear in the spans: no I/O, no clock. `conversation_of(spans_of(c))` is `c`, but for the turns' span ids.
"""

from masthead.conversation.flow import flow_of
from masthead.conversation.read import conversation_of
from masthead.conversation.written import spans_of

__all__ = ["conversation_of", "flow_of", "spans_of"]

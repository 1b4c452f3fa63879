"""Turns spans into a conversation (turns, roster, task, ending), a conversation into spans, and both into a flow.

Pure and linear in the spans: no I/O, no clock. `conversation_of(spans_of(c))` is `c`.
"""

"""What one message says, as it is remembered. Plain data, read by modules that may be compiled (`heard`, `stitch`)."""

from typing import Final, Literal

import msgspec

from masthead.model.reading import Message


class Said(msgspec.Struct, eq=False, gc=False):
    """One message, and its digest: 64 bits of who called what with which id, or of what was said."""

    digest: int
    message: Message
    known_passages: tuple[int, ...] | None = None
    """Kept by `heard.passages_of`, which is how to ask for it."""


class Plain(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """The form that most messages have; it needs no interpretation."""

    role: Literal["user", "system", "developer", "assistant"]
    content: str


class PlainReply(msgspec.Struct, gc=False):
    """A message of a chat completion, as far as it matters whether it is a plain one."""

    content: str
    tool_calls: object = None
    function_call: object = None
    reasoning_content: object = None


PLAIN: Final = msgspec.json.Decoder(Plain)
PLAIN_REPLY: Final = msgspec.json.Decoder(PlainReply)

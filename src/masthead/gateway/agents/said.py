"""What a call tells, as it is remembered. Plain data, and how most of it is decoded."""

from typing import Final, Literal

import msgspec

from masthead.model.reading import Message, Role


class Said(msgspec.Struct, eq=False, gc=False):
    """One message, and its digest: 64 bits of who called what with which id, or of what was said."""

    digest: int
    role: Role
    text: str
    message: Message | None = None
    """All of it, where there is more than a text: calls of tools, an id, a name, thoughts or media."""
    known_passages: tuple[int, ...] | None = None
    """Kept by `heard.passages_of`, which is how to ask for it."""


class Heard(msgspec.Struct, eq=False, gc=False):
    """What a call tells. `said` leaves out what the system says; `instructions` is all of that."""

    instructions: str
    said: tuple[Said, ...]
    links: tuple[int, ...] = (0,)
    """The digest of each beginning of `said`, the empty one first."""
    previous_reply: str | None = None
    """The stored reply that this call goes on from (`previous_response_id`)."""


class Identified(msgspec.Struct, eq=False, gc=False):
    """An agent as a call shows it. `told` says whether the caller named it."""

    key: str
    name: str
    instructions: str
    told: bool


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
PLAIN_ONE: Final = msgspec.json.Decoder(tuple[Plain])
PLAIN_PAIR: Final = msgspec.json.Decoder(tuple[Plain, Plain])
PLAIN_REPLY: Final = msgspec.json.Decoder(PlainReply)

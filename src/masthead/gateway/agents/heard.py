"""What a call tells: its instructions and its messages, each with a digest that is the same whoever writes it down.

A client sends its whole history with every call. A message is therefore parsed once, and known again by its bytes.
"""

from collections.abc import Mapping, Sequence
from hashlib import blake2b
from typing import Final, Literal, NamedTuple, cast

import msgspec

from masthead.gateway.call import Call
from masthead.model.reading import Message
from masthead.model.span import AttributeValue
from masthead.providers.dialects import Dialect
from masthead.semconv.messages import messages_of

_ITEMS: Final = msgspec.json.Decoder(list[msgspec.Raw])
_KEPT_BYTES: Final = 16 * 1024 * 1024
_KEPT_MESSAGE_BYTES: Final = 256 * 1024


class Said(NamedTuple):
    """One message, and its digest: 64 bits of who called what with which id, or of what was said."""

    digest: int
    message: Message


class _Plain(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """The form that most messages have; it needs no interpretation."""

    role: Literal["user", "system", "developer", "assistant"]
    content: str


_PLAIN: Final = msgspec.json.Decoder(_Plain)


class Heard(NamedTuple):
    """What a call tells. `said` leaves out what the system says; `instructions` is all of that."""

    instructions: str
    said: tuple[Said, ...]
    previous_reply: str | None = None
    """The stored reply that this call goes on from (`previous_response_id`)."""


class Ear:
    """Reads calls and replies, and remembers the messages that it has read lately."""

    def __init__(self) -> None:
        self._known: dict[bytes, tuple[Said, ...]] = {}
        self._bytes = 0

    def call(self, call: Call) -> Heard:
        """Return what the call tells; nothing where its messages are no list of JSON."""
        match call.endpoint.dialect:
            case Dialect.OPENAI_RESPONSES:
                previous = call.member("previous_response_id")
                said = self._said(call.members.get("input"))
                told = _text(call.member("instructions"))
            case Dialect.ANTHROPIC:
                previous = None
                said = self._said(call.members.get("messages"))
                told = _text(call.member("system"))
            case _:
                previous = None
                said = self._said(call.members.get("messages"))
                told = ""
        systems = [told, *(one.message.text for one in said if one.message.role == "system")]
        return Heard(
            "\n\n".join(text for text in systems if text),
            tuple(one for one in said if one.message.role != "system"),
            previous if isinstance(previous, str) else None,
        )

    def reply(self, body: Mapping[str, object]) -> tuple[Said, ...]:
        """Return what a whole answer says, in whichever dialect its body is; the first choice of several."""
        choices = body.get("choices")
        if isinstance(choices, list):
            first = cast("object", choices[0]) if choices else None
            given = cast("Mapping[str, object]", first).get("message") if isinstance(first, dict) else None
            return _answered(given)
        if isinstance(body.get("output"), list):
            return _digested(body["output"], "assistant")
        return _digested({"role": "assistant", "content": body.get("content")}, "assistant")

    def _said(self, raw: msgspec.Raw | None) -> tuple[Said, ...]:
        if raw is None:
            return ()
        try:
            items = _ITEMS.decode(raw)
        except msgspec.DecodeError:
            return _digested(_value(bytes(raw)), "user")
        found: list[Said] = []
        for item in items:
            key = bytes(item)
            known = self._known.get(key)
            if known is None:
                known = _plain(key) or _digested(_value(key), "user")
                self._keep(key, known)
            found += known
        return tuple(found)

    def _keep(self, key: bytes, said: tuple[Said, ...]) -> None:
        if len(key) > _KEPT_MESSAGE_BYTES:
            return
        if self._bytes > _KEPT_BYTES:
            self._known.clear()
            self._bytes = 0
        self._known[key] = said
        self._bytes += len(key)


def digest(text: str) -> int:
    """Return 64 bits that identify a text."""
    return int.from_bytes(blake2b(text.encode(errors="surrogatepass"), digest_size=8).digest(), "big")


def _plain(raw: bytes) -> tuple[Said, ...]:
    try:
        given = _PLAIN.decode(raw)
    except (msgspec.DecodeError, RecursionError):
        return ()
    if not given.content.strip() or given.content[:2] in {"[{", "[ "}:
        return ()
    message = Message(role="system" if given.role == "developer" else given.role, text=given.content)
    return (Said(_identity(message), message),)


def _digested(value: object, role: str) -> tuple[Said, ...]:
    given = messages_of(cast("AttributeValue", value), "assistant" if role == "assistant" else "user")
    return tuple(Said(_identity(message), message) for message in given if _says_something(message))


def _answered(given: object) -> tuple[Said, ...]:
    """Return what a message of a chat completion says; the plain one that most are, without looking further."""
    if isinstance(given, dict):
        members = cast("Mapping[str, object]", given)
        text = members.get("content")
        others = members.get("tool_calls") or members.get("function_call") or members.get("reasoning_content")
        if isinstance(text, str) and text.strip() and not others and text[:2] not in {"[{", "[ "}:
            message = Message(role="assistant", text=text)
            return (Said(_identity(message), message),)
    return _digested(cast("object", given), "assistant")


def _says_something(message: Message) -> bool:
    return bool(message.text.strip() or message.tool_calls or message.tool_call_id or message.media)


def _identity(message: Message) -> int:
    """Return the digest of what stays the same when another program, or another agent, writes the message down.

    Roles and names differ between the agents of one conversation, text beside tool calls is often dropped, and the
    result of a call is the same message however it is shortened.
    """
    if message.role == "tool" and message.tool_call_id:
        return digest(f"result\0{message.tool_call_id}")
    if message.tool_calls:
        calls = "\0".join(f"{call.id or call.arguments}\1{call.name}" for call in message.tool_calls)
        return digest(f"calls\0{calls}")
    return digest("\0".join(("said", message.text.strip(), *message.media)))


def _value(raw: bytes) -> object:
    try:
        return msgspec.json.decode(raw)
    except (msgspec.DecodeError, RecursionError):
        return None


def _text(value: object) -> str:
    """Return a system prompt, which is a text or a list of blocks of text."""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        blocks = cast("Sequence[object]", value)
        texts = [cast("Mapping[str, object]", block).get("text") for block in blocks if isinstance(block, dict)]
        return "\n".join(text for text in texts if isinstance(text, str))
    return ""

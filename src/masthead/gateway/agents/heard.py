"""What a call tells: its instructions and its messages, each with a digest that is the same whoever writes it down.

A client sends its whole history with every call. A message is therefore parsed once, and known again by its bytes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final, cast
from zlib import crc32

import msgspec
from xxhash import xxh3_64_intdigest

from masthead.gateway.agents.said import PLAIN, PLAIN_ONE, PLAIN_PAIR, PLAIN_REPLY, Heard, Said
from masthead.gateway.call import Call
from masthead.gateway.outline import Outline
from masthead.model.reading import Message, Role
from masthead.model.span import AttributeValue
from masthead.providers.dialects import Dialect
from masthead.semconv.messages import messages_of

_ITEMS: Final = msgspec.json.Decoder(list[msgspec.Raw])
_LONG: Final = 16 * 1024
"""Characters and bytes. Of a text that is longer, its two ends are kept, and a digest by which it is known again."""
_MOST_MESSAGES: Final = 4096
"""The latest of one call that are heard: more take the loop too long (10 µs each), and no model reads so many."""
_HEAD_BYTES: Final = 40
_MESSAGE_BYTES: Final = 1024
"""What a message takes beside its text."""
_MASK: Final = 0xFFFFFFFFFFFFFFFF
_SHORTEST_PASSAGE: Final = 24
_MOST_PASSAGES: Final = 64
_READ_CHARACTERS: Final = 8192
_STOPS: Final = bytes.maketrans(b".!?;:", b"\n" * 5)


class Ear:
    """Reads calls and replies, and remembers the messages that it has read lately."""

    def __init__(self, most_bytes: int = 1024 * 1024) -> None:
        self._most_bytes = most_bytes
        self._known: dict[bytes, tuple[Said, ...]] = {}
        self._earlier: dict[bytes, tuple[Said, ...]] = {}
        """What was known when there was no more room: what is asked for again is kept on."""
        self._bytes = 0

    def call(self, call: Call) -> Heard:
        """Return what the call tells; nothing where its messages are no list of JSON."""
        members, previous, told = call.members, None, ""
        match call.endpoint.dialect:
            case Dialect.OPENAI_RESPONSES:
                found = self._said(members.get("input"))
                previous = call.member("previous_response_id") if "previous_response_id" in members else None
                told = _text(call.member("instructions")) if "instructions" in members else ""
            case Dialect.ANTHROPIC:
                found = self._said(members.get("messages"))
                told = _text(call.member("system")) if "system" in members else ""
            case _:
                found = self._said(members.get("messages"))
        systems = [told] if told else []
        said: list[Said] = []
        links = [0]
        for one in found:
            if one.role == "system":
                systems.append(one.text)
            else:
                said.append(one)
                links.append(linked(links[-1], one))
        instructions = "\n\n".join(filter(None, systems)) if systems else ""
        return Heard(instructions, tuple(said), tuple(links), previous if isinstance(previous, str) else None)

    def reply(self, outline: Outline) -> tuple[Said, ...]:
        """Return what a whole answer says, in whichever dialect it is; the first choice of several."""
        if outline.choices is not None:
            return _answered(bytes(outline.choices[0].message)) if outline.choices else ()
        output = bytes(outline.output)
        if output[:1] == b"[":
            return _digested(_value(output), "assistant")
        return _digested({"role": "assistant", "content": _value(bytes(outline.content) or b"null")}, "assistant")

    def _said(self, raw: msgspec.Raw | None) -> tuple[Said, ...]:
        if raw is None:
            return ()
        if len(memoryview(raw)) > _LONG:
            few = _few(raw)
            if few:
                return few
        try:
            items = _ITEMS.decode(raw)
        except (msgspec.DecodeError, RecursionError):
            return _digested(_value(bytes(raw)), "user")
        if len(items) > _MOST_MESSAGES:
            items = [items[0], *items[1 - _MOST_MESSAGES :]]  # the first one may say whose they are
        found: list[Said] = []
        for item in items:
            if len(memoryview(item)) > _LONG:  # not remembered: to look it up would cost as much as to read it
                found += _plain(item) or _digested(_value(item), "user")
                continue
            key = bytes(item)
            known = self._known.get(key)
            if known is None:
                known = self._earlier.pop(key, None) or _plain(key) or _digested(_value(key), "user")
                self._keep(key, known)
            found += known
        return tuple(found)

    def _keep(self, key: bytes, said: tuple[Said, ...]) -> None:
        if self._bytes > self._most_bytes:
            self._known, self._earlier = {}, self._known
            self._bytes = 0
        self._known[key] = said
        self._bytes += 2 * len(key) + _MESSAGE_BYTES  # its bytes, and its text


def linked(link: int, said: Said) -> int:
    """Return the digest of a history that ends with a message, given that of all before."""
    return hash((link, said.digest)) & _MASK


def passages_of(said: Said) -> tuple[int, ...]:
    """Return digests of the text's passages, the parts between stops that are long enough to be known again."""
    if said.known_passages is None:
        said.known_passages = _passages(said.text)
    return said.known_passages


def are_plain(said: Sequence[Said]) -> bool:
    """Say whether messages are nothing but texts."""
    for one in said:  # noqa: SIM110 - `all` makes a generator, which takes longer than this
        if one.message is not None:
            return False
    return True


def digest(text: str) -> int:
    """Return 64 bits that identify a text. They may be forged, which misleads the forger's own key alone."""
    return xxh3_64_intdigest(_encoded(text))


def _encoded(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError:
        return text.encode(errors="surrogatepass")


def _passages(text: str) -> tuple[int, ...]:
    """Return a checksum and the length of each passage: cheaper than digests, and nobody gains by forging one."""
    parts = map(bytes.strip, _encoded(text[:_READ_CHARACTERS]).translate(_STOPS).split(b"\n"))
    found = [crc32(part) << 16 | len(part) for part in parts if len(part) >= _SHORTEST_PASSAGE]
    return tuple(found[:_MOST_PASSAGES])


def _few(raw: msgspec.Raw) -> tuple[Said, ...]:
    """Return the messages of a long body that has but one, or a system prompt and one: read in one go."""
    head = bytes(memoryview(raw)[:_HEAD_BYTES])
    try:
        given = (PLAIN_PAIR if b"system" in head or b"developer" in head else PLAIN_ONE).decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return ()
    found: list[Said] = []
    for one in given:
        if _is_odd(one.content):
            return ()
        found.append(_plainly("system" if one.role == "developer" else one.role, one.content))
    return tuple(found)


def _plain(raw: bytes | msgspec.Raw) -> tuple[Said, ...]:
    try:
        given = PLAIN.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return ()
    if _is_odd(given.content):
        return ()
    return (_plainly("system" if given.role == "developer" else given.role, given.content),)


def _is_odd(text: str) -> bool:
    """Say whether a text needs to be looked at: it is blank, or perhaps a list of parts that was written down."""
    return text[:2] in {"[{", "[ "} or not text or (text[0].isspace() and not text.strip())


def _digested(value: object, role: str) -> tuple[Said, ...]:
    given = messages_of(cast("AttributeValue", value), "assistant" if role == "assistant" else "user")
    return tuple(_heard(message) for message in given if _says_something(message))


def _plainly(role: Role, text: str) -> Said:
    known_by = digest(text.strip())
    return Said(known_by, role, text if len(text) <= _LONG else _clipped(text, known_by))


def _heard(message: Message) -> Said:
    if _is_plain(message):
        return _plainly(message.role, message.text)
    identity = _identity(message)
    if len(message.text) > _LONG or any(len(call.arguments) > _LONG for call in message.tool_calls):
        is_of_text = message.role != "tool" and not message.tool_calls
        calls = tuple(replace(call, arguments=_clipped(call.arguments)) for call in message.tool_calls)
        message = replace(message, text=_clipped(message.text, identity if is_of_text else None), tool_calls=calls)
    return Said(identity, message.role, message.text, message)


def _is_plain(message: Message) -> bool:
    others = message.tool_calls or message.tool_call_id or message.name or message.reasoning or message.media
    return not others and message.role != "tool"


def _clipped(text: str, known_by: int | None = None) -> str:
    if len(text) <= _LONG:
        return text
    half = _LONG // 2
    number = digest(text) if known_by is None else known_by
    return f"{text[:half]}\n[... {len(text)} characters, {number:016x} ...]\n{text[-half:]}"


def _answered(raw: bytes) -> tuple[Said, ...]:
    """Return what a message of a chat completion says; the plain one that most are, without looking further."""
    try:
        given = PLAIN_REPLY.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _digested(_value(raw), "assistant")
    others = given.tool_calls or given.function_call or given.reasoning_content
    if others or _is_odd(given.content):
        return _digested(_value(raw), "assistant")
    return (_plainly("assistant", given.content),)


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
    if not message.media:
        return digest(message.text.strip())
    return digest("\0".join(("said", message.text.strip(), *message.media)))


def _value(raw: bytes | msgspec.Raw) -> object:
    try:
        return msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
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

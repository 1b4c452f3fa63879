"""Personal data and keys: placeholders on the way to the model, the values again on the way back.

Also leaves placeholders in the record. Guards, limits, routing and the cache see what the client said and got.
"""

import logging
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Final

import msgspec

from masthead.gateway.call import Attempt, Exchange, Verdict
from masthead.gateway.config_plugins import Action, PersonalDataConfig
from masthead.gateway.joining import user_of
from masthead.gateway.plugins.asked import is_json_asked
from masthead.gateway.plugins.personal import sensitive
from masthead.gateway.plugins.plugin import counted, note, refused
from masthead.gateway.plugins.texts.edit import Edit, Edits, QuietEdits
from masthead.gateway.plugins.texts.request import changed_call, tree
from masthead.gateway.plugins.texts.slots import Channel
from masthead.gateway.plugins.veil import LITERAL, Hiding, RestoreEdit, Veil, Veils
from masthead.gateway.reply import reply_of
from masthead.ingest.sensitive import Sensitive
from masthead.model.span import AttributeValue

_LOG = logging.getLogger(__name__)
_LONGEST_SEGMENT: Final = 400
"""Answers are searched line by line, and a longer line in pieces of so many characters."""


class PersonalData:
    """The plugin. `configs` are those that hold for one model; what they look for is looked for together."""

    kind = "pii"

    def __init__(self, config: PersonalDataConfig, veils: Veils) -> None:
        self._config = config
        self._veils = veils
        self._sensitive = sensitive(config.find, config.patterns, first=(LITERAL,))
        self._masking = sensitive(config.find, config.patterns)

    def request(self, exchange: Exchange) -> None:
        """Replace, refuse or note what the call holds."""
        scope = _scope(exchange)
        is_replaced = self._config.on == "correct" and self._config.at != "response"
        veil = self._veils.of(scope) if is_replaced else Veil()
        if self._config.record == "placeholders":
            exchange.veil = partial(_recorded, Hiding(self._sensitive, veil), Hiding(self._masking, veil))
        if not is_replaced:
            self._look(exchange)
            return
        hiding = Hiding(self._sensitive, veil)
        call = changed_call(exchange.outgoing, hiding.text)
        if call is not exchange.outgoing:
            exchange.sent = call
            self._veils.keep(scope, veil)
        if hiding.found:
            note(exchange, Verdict("pii", "request", "corrected", _counts(hiding)))
        exchange.content.veil = veil

    def answer(self, exchange: Exchange) -> Sequence[Edits]:
        """Mask what the model brings up itself, then put back what it was not shown."""
        edits: list[Edits] = []
        if self._config.at != "request":
            edits.append(_Masking(exchange, self._config, self._masking))
        veil: Veil | None = exchange.content.veil
        if veil is not None and len(veil):
            edits.append(_Restoring(veil, is_json_text=is_json_asked(exchange.call)))
        return edits

    def _look(self, exchange: Exchange) -> None:
        if self._config.at == "response":
            return
        hiding = Hiding(self._masking, Veil())
        changed_call(exchange.outgoing, hiding.text)
        if not hiding.found:
            return
        if self._config.on == "record":
            note(exchange, Verdict("pii", "request", "recorded", _counts(hiding)))
            return
        kinds = ", ".join(sorted(hiding.found))
        message = f"this call holds personal data or keys, which this gateway does not pass on: {kinds}"
        raise refused(exchange, Verdict("pii", "request", "blocked", _counts(hiding)), message)


class _Restoring(QuietEdits):
    def __init__(self, veil: Veil, *, is_json_text: bool) -> None:
        self._veil = veil
        self._is_json_text = is_json_text

    def edit(self, channel: Channel) -> Edit | None:
        return RestoreEdit(self._veil, is_json=self._is_json(channel))

    def whole(self, channel: Channel, text: str) -> str:
        return self._veil.restored(text, is_json=self._is_json(channel))

    def _is_json(self, channel: Channel) -> bool:
        return channel.kind == "arguments" or (channel.kind == "text" and self._is_json_text)


class _Masking(QuietEdits):
    """Masks, refuses or notes what an answer brings up itself."""

    def __init__(self, exchange: Exchange, config: PersonalDataConfig, found_by: Sensitive) -> None:
        self._exchange = exchange
        self._on: Action = config.on
        self._sensitive = found_by

    def edit(self, channel: Channel) -> Edit | None:
        return None if channel.kind == "echo" else _BySegment(self)

    def changed(self, text: str) -> str:
        """Return a piece of text as it may be passed on."""
        if not self._sensitive.is_in(text):
            return text
        kinds: set[str] = set()

        def put(kind: str, _: str) -> str:
            kinds.add(kind)
            return f"[redacted:{kind}]"

        masked = self._sensitive.replaced(text, put)
        found = tuple(sorted(kinds))
        if not found:
            return text
        match self._on:
            case "block":
                message = f"the model's answer held personal data or keys, which are not passed on: {', '.join(found)}"
                raise refused(self._exchange, Verdict("pii", "response", "blocked", found), message)
            case "correct":
                note(self._exchange, Verdict("pii", "response", "corrected", found))
                return masked
            case "record":
                note(self._exchange, Verdict("pii", "response", "recorded", found))
                return text


class _BySegment:
    """Hands on a text line by line: where it is cut depends on the text alone."""

    def __init__(self, masking: _Masking) -> None:
        self._masking = masking
        self._held = ""

    def feed(self, piece: str) -> str:
        self._held += piece
        done: list[str] = []
        while (end := _segment_end(self._held)) > 0:
            done.append(self._masking.changed(self._held[:end]))
            self._held = self._held[end:]
        return "".join(done)

    def close(self, *, is_whole: bool) -> str:
        del is_whole
        text, self._held = self._held, ""
        return self._masking.changed(text)

    def held(self) -> str:
        return self._held


def _segment_end(text: str) -> int:
    newline = text.find("\n", 0, _LONGEST_SEGMENT)
    if newline >= 0:
        return newline + 1
    if len(text) < _LONGEST_SEGMENT:
        return 0
    return text.rfind(" ", 0, _LONGEST_SEGMENT) + 1 or _LONGEST_SEGMENT


def _scope(exchange: Exchange) -> tuple[str | None, ...]:
    identity = exchange.call.identity
    return identity.project, identity.key_id, user_of(exchange.call), exchange.trace_id


def _counts(hiding: Hiding) -> tuple[str, ...]:
    return counted((kind, len(placeholders)) for kind, placeholders in hiding.found.items())


def _recorded(asked: Hiding, said: Hiding, exchange: Exchange) -> None:
    """Leave placeholders in what is recorded of a finished exchange; nothing of what was said where that fails.

    What the model itself wrote like a placeholder stays as it is.
    """
    try:
        exchange.call = changed_call(exchange.call, asked.text)
        _hide(said, exchange)
    except Exception as error:  # noqa: BLE001 - the edge: what cannot be redacted is not recorded
        _LOG.error(
            "the content of the call %s is not recorded: redacting it failed (%s)", exchange.span_id, type(error)
        )
        exchange.call = msgspec.structs.replace(exchange.call, members={}, body=b"")
        exchange.error = None if exchange.error is None else "not recorded: redacting it failed"
        _put_answer(exchange, None)


def _hide(hiding: Hiding, exchange: Exchange) -> None:
    reply = reply_of(exchange)
    hidden = tree(reply, hiding.text)
    if hidden is not reply:
        _put_answer(exchange, hidden)
    if exchange.error is not None:
        exchange.error = hiding.text(exchange.error)
    for attempt in exchange.attempts:
        _hide_error(hiding, attempt)
    for name, value in exchange.attributes.items():
        exchange.attributes[name] = _hidden_value(hiding, value)


def _hide_error(hiding: Hiding, attempt: Attempt) -> None:
    if attempt.error is not None:
        attempt.error = hiding.text(attempt.error)


def _hidden_value(hiding: Hiding, value: AttributeValue) -> AttributeValue:
    if isinstance(value, str):
        return hiding.text(value)
    if isinstance(value, list):
        return [_hidden_value(hiding, one) for one in value]
    return value


def _put_answer(exchange: Exchange, body: dict[str, Any] | None) -> None:
    exchange.answered = [] if body is None else [msgspec.json.encode(body)]
    exchange.is_stream_answer = False
    exchange.is_reply_known, exchange.reply = body is not None, body
    exchange.outline = ...


def merged(configs: Sequence[PersonalDataConfig]) -> list[PersonalDataConfig]:
    """Return those that replace as one, which looks for all that any of them does; the others as they are.

    Two that replaced one after the other would take each other's placeholders for something to be replaced.
    """
    replacing = [one for one in configs if one.on == "correct" and one.at != "response"]
    if len(replacing) < 2:
        return list(configs)
    together = replacing[0].model_copy(
        update={
            "find": tuple(dict.fromkeys(kind for one in replacing for kind in one.find)),
            "patterns": _together([one.patterns for one in replacing]),
            "at": "both" if any(one.at == "both" for one in replacing) else "request",
            "record": "placeholders" if any(one.record == "placeholders" for one in replacing) else "original",
            "if_broken": "refuse" if any(one.if_broken == "refuse" for one in replacing) else "allow",
        }
    )
    return [*(one for one in configs if one not in replacing), together]


def _together(all_patterns: Sequence[Mapping[str, str]]) -> dict[str, str]:
    """Return all patterns; a second one of a name gets a number behind it."""
    made: dict[str, str] = {}
    for at, patterns in enumerate(all_patterns):
        for name, pattern in patterns.items():
            made[name if made.get(name, pattern) == pattern else f"{name}{at}"] = pattern
    return made

"""What is recorded of calls that a plugin for personal data holds for: placeholders, whatever became of the call.

Made before any guard, limit or plugin may refuse the call, and run when it has ended, also where nothing else was: what
a refused or abandoned call said stands in its span too.
"""

import logging
from collections.abc import Hashable
from typing import Any, Final

import msgspec

from masthead.gateway.call import Exchange
from masthead.gateway.joining import user_of
from masthead.gateway.plugins.texts.request import changed_call, tree
from masthead.gateway.plugins.veil import Hiding, Veil, Veils
from masthead.gateway.reply import reply_of
from masthead.ingest.sensitive import Sensitive
from masthead.model.span import AttributeValue

_LOG = logging.getLogger(__name__)
_NOT_RECORDED: Final = "not recorded: redacting it failed"


class Veiling:
    """What the records of one model's calls are searched for."""

    def __init__(self, asked: Sensitive, said: Sensitive, veils: Veils | None) -> None:
        """Search calls and answers. `veils` are those of runs, where calls are sent with placeholders."""
        self.asked = asked
        self.said = said
        self.veils = veils


class Veiled:
    """Leaves placeholders in the record of one call, and of those that the gateway itself makes for it.

    Once the call's run is known they are those of the run, so that records and what was sent say the same.
    """

    def __init__(self, veiling: Veiling) -> None:
        self._veiling = veiling
        self._veil: Veil | None = None

    def veil_of(self, exchange: Exchange) -> Veil:
        """Return the placeholders of the call; ask only once its run is known."""
        if self._veil is None:
            veils = self._veiling.veils
            self._veil = Veil() if veils is None else veils.of(scope_of(exchange))
        return self._veil

    def __call__(self, exchange: Exchange) -> None:
        """Hide in a finished exchange; leave nothing of what was said where that fails.

        What the model itself wrote like a placeholder stays as it is, and so do placeholders in copies of the call.
        """
        try:
            veil = self.veil_of(exchange)
            said = Hiding(self._veiling.said, veil)
            asked = Hiding(self._veiling.asked, veil) if exchange.purpose is None else said
            scope = scope_of(exchange)
            exchange.call = changed_call(exchange.call, asked.text)
            _hide(said, exchange)
            veils = self._veiling.veils
            if veils is not None and exchange.purpose is None and not len(veils.of(scope)):
                veils.keep(scope, veil)  # of a call that was refused before it was looked at
        except Exception as error:  # noqa: BLE001 - the edge: what cannot be redacted is not recorded
            _LOG.error(
                "the content of the call %s is not recorded: redacting it failed (%s)", exchange.span_id, type(error)
            )
            _leave_out(exchange)


def scope_of(exchange: Exchange) -> Hashable:
    """Return whom a run's placeholders are for."""
    identity = exchange.call.identity
    return identity.project, identity.key_id, user_of(exchange.call), exchange.trace_id


def _hide(hiding: Hiding, exchange: Exchange) -> None:
    reply = reply_of(exchange)
    hidden = tree(reply, hiding.text)
    if hidden is not reply:
        _put_answer(exchange, hidden)
    if exchange.error is not None:
        exchange.error = hiding.text(exchange.error)
    for attempt in exchange.attempts:
        if attempt.error is not None:
            attempt.error = hiding.text(attempt.error)
    for name, value in list(exchange.attributes.items()):
        exchange.attributes[name] = _hidden_value(hiding, value)


def _hidden_value(hiding: Hiding, value: AttributeValue) -> AttributeValue:
    if isinstance(value, str):
        return hiding.text(value)
    if isinstance(value, list):
        return [_hidden_value(hiding, one) for one in value]
    return value


def _leave_out(exchange: Exchange) -> None:
    exchange.call = msgspec.structs.replace(exchange.call, members={}, body=b"")
    exchange.error = None if exchange.error is None else _NOT_RECORDED
    for attempt in exchange.attempts:
        attempt.error = None if attempt.error is None else _NOT_RECORDED
    _put_answer(exchange, None)


def _put_answer(exchange: Exchange, body: dict[str, Any] | None) -> None:
    exchange.answered = [] if body is None else [msgspec.json.encode(body)]
    exchange.is_stream_answer = False
    exchange.is_reply_known, exchange.reply = body is not None, body
    exchange.outline = ...

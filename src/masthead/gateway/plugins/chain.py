"""All content plugins as one plugin of the gateway.

They take their turns in one order, whatever the configuration's. Calls: banned content, limits of output, personal data
last, so that it alone decides what leaves. Answers: personal data first, which puts values back, then limits, JSON, and
banned content last, which sees what the client would. Calls of models that no plugin holds for cost two look-ups.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, cast

import msgspec

from masthead.gateway.agents.notes import with_note
from masthead.gateway.call import Answer, Call, Exchange, Verdict
from masthead.gateway.config_plugins import (
    BannedConfig,
    JsonConfig,
    MaxOutputConfig,
    PersonalDataConfig,
    PersonalKind,
    PluginConfig,
)
from masthead.gateway.plugins.banned import Banned
from masthead.gateway.plugins.guarded import Guarded, Placed, tried
from masthead.gateway.plugins.json_answers import JsonAnswers, Unfit
from masthead.gateway.plugins.max_output import MaxOutput
from masthead.gateway.plugins.names import NamesOf, forms, is_meant
from masthead.gateway.plugins.personal import sensitive
from masthead.gateway.plugins.personal_data import PersonalData, all_patterns, is_replacing, merged
from masthead.gateway.plugins.plugin import ContentPlugin, refused
from masthead.gateway.plugins.texts.answer import TextStream, edit_body
from masthead.gateway.plugins.texts.edit import Edits
from masthead.gateway.plugins.texts.slots import Body
from masthead.gateway.plugins.veil import LITERAL, Veil, Veils
from masthead.gateway.plugins.veiled import Veiled, Veiling
from masthead.gateway.seams import AskAgain, QuietPlugin, StreamFilter
from masthead.gateway.turns import SEARCHED_BYTES
from masthead.providers.dialects import usage_of

_ANSWERED: Final = frozenset({"chat", "responses", "messages"})
_MOST_MODELS: Final = 1024
_OBJECT: Final = msgspec.json.Decoder(dict[str, Any])
_ORDER: Final = ("banned", "json", "max_output", "pii")
"""In which they see calls; answers they see the other way round."""


@dataclass(slots=True)
class CallState:
    """What the plugins know of one call."""

    plugins: Sequence[Placed]
    veil: Veil | None = None
    is_asked_again: bool = False
    usage: Body | None = None
    """Of the answer that would not do."""


class ContentPlugins(QuietPlugin):
    """The plugins of one configuration. Stands behind guards and limits, and before the cache."""

    def __init__(self, configs: Sequence[PluginConfig], veils: Veils, names_of: NamesOf = forms) -> None:
        """Make them as they are needed; `names_of` tells by which names a plugin may mean the model of a call."""
        self._configs = configs
        self._veils = veils
        self._names_of = names_of
        self._made: dict[tuple[int, ...], Sequence[Placed]] = {}
        self._of_model: dict[str, Sequence[Placed]] = {}
        self._veilings: dict[tuple[int, ...], Veiling | None] = {}
        self._veiling_of: dict[str, Veiling | None] = {}

    def veiled(self, call: Call) -> Veiled | None:
        """Return what is to leave placeholders in the record of a call; None where it is recorded as it was said."""
        if not call.endpoint.is_model_call:
            return None
        veiling = self._veiling_of.get(call.model, ...)
        if veiling is ...:
            veiling = self._find_veiling(call.model)
        return None if veiling is None else Veiled(veiling)

    async def before(self, exchange: Exchange) -> Answer | None:
        """Look at the call, and change or refuse what is to be sent."""
        call = exchange.call
        plugins = self._of_model.get(call.model)
        if plugins is None:
            plugins = self._find(call.model)
        if plugins and call.endpoint.is_model_call:
            exchange.content = CallState(plugins)
            if exchange.veil is None:
                exchange.veil = self.veiled(call)
            await _requested(exchange)
        return None

    def filter(self, exchange: Exchange) -> StreamFilter | None:
        """Return what the answer's texts are to pass through; None where nothing is to be done to them."""
        edits = _edits(exchange)
        if not edits:
            return None
        return TextStream(exchange.call.endpoint.dialect, edits, lambda: b"".join(exchange.answered))

    async def after(self, exchange: Exchange, answer: Answer) -> Answer:
        """Return the answer with its texts changed; ask again, or refuse it, where it will not do."""
        edits = _edits(exchange) if answer.status < 300 else ()
        body = _decoded(answer.body) if edits else None
        if body is None:
            return answer
        state: CallState = exchange.content
        is_changed = _add_usage(body, state.usage)
        exchange.usage = usage_of(exchange.call.endpoint.dialect, body)  # it is paid, also where it is refused
        try:
            edit = partial(edit_body, exchange.call.endpoint.dialect, body, edits)
            is_edited = await asyncio.to_thread(edit) if len(answer.body) > SEARCHED_BYTES else edit()
            is_changed = is_edited or is_changed
        except Unfit as unfit:
            await self._ask_again(exchange, body, unfit)
        return answer._replace(body=msgspec.json.encode(body), outline=None) if is_changed else answer

    async def _ask_again(self, exchange: Exchange, body: Body, unfit: Unfit) -> None:
        state: CallState = exchange.content
        state.is_asked_again = True
        state.usage = cast("Body", body["usage"]) if isinstance(body.get("usage"), dict) else None
        exchange.attributes["masthead.gateway.plugin.json.asked_again"] = True
        if exchange.take_more is not None and not await exchange.take_more():
            message = "the answer is not the JSON that was asked for, and limits leave no room to ask again"
            raise refused(exchange, Verdict("json", "response", "blocked", ("no room to ask again",)), message)
        exchange.sent = with_note(exchange.call, unfit.note_to_model)
        await _requested(exchange)
        raise AskAgain(exchange.outgoing)

    def _find(self, model: str) -> Sequence[Placed]:
        held = self._held(model)
        found = self._made.get(held)
        if found is None:
            found = self._made[held] = self._make([self._configs[at] for at in held])
        if len(self._of_model) < _MOST_MODELS:
            self._of_model[model] = found
        return found

    def _find_veiling(self, model: str) -> Veiling | None:
        held = self._held(model)
        if held not in self._veilings:
            holding = [self._configs[at] for at in held]
            personal = [one for one in holding if isinstance(one, PersonalDataConfig)]
            self._veilings[held] = _veiling(personal, self._veils)
        if len(self._veiling_of) < _MOST_MODELS:
            self._veiling_of[model] = self._veilings[held]
        return self._veilings[held]

    def _held(self, model: str) -> tuple[int, ...]:
        names = self._names_of(model)
        return tuple(at for at, one in enumerate(self._configs) if is_meant(one.models, names))

    def _make(self, configs: Sequence[PluginConfig]) -> Sequence[Placed]:
        others = [one for one in configs if not isinstance(one, PersonalDataConfig)]
        together = merged([one for one in configs if isinstance(one, PersonalDataConfig)])
        ordered = sorted([*others, *together], key=lambda one: _ORDER.index(one.kind))
        return [Placed(self._plugin(one), one.if_broken == "allow") for one in ordered]

    def _plugin(self, config: PluginConfig) -> ContentPlugin:
        match config:
            case BannedConfig():
                return Banned(config)
            case JsonConfig():
                return JsonAnswers(config)
            case MaxOutputConfig():
                return MaxOutput(config)
            case PersonalDataConfig():
                return PersonalData(config, self._veils)


def _veiling(configs: Sequence[PersonalDataConfig], veils: Veils) -> Veiling | None:
    """Return all that any of these leaves placeholders for in records; None where none does."""
    hiding = [one for one in configs if one.record == "placeholders"]
    if not hiding:
        return None
    kinds: list[PersonalKind] = list(dict.fromkeys(kind for one in hiding for kind in one.find))
    patterns = all_patterns([one.patterns for one in hiding])
    return Veiling(
        sensitive(kinds, patterns, first=(LITERAL,)),
        sensitive(kinds, patterns),
        veils if any(is_replacing(one) for one in configs) else None,
    )


async def _requested(exchange: Exchange) -> None:
    if len(exchange.call.body) > SEARCHED_BYTES:
        await asyncio.to_thread(_request, exchange)
    else:
        _request(exchange)


def _request(exchange: Exchange) -> None:
    state: CallState = exchange.content
    for one in state.plugins:
        tried(exchange, one, "request", partial(one.plugin.request, exchange), None)


def _edits(exchange: Exchange) -> Sequence[Edits]:
    state: CallState | None = exchange.content
    if state is None or exchange.call.endpoint.name not in _ANSWERED:
        return ()
    return [
        Guarded(edits, exchange, one)
        for one in reversed(state.plugins)
        for edits in tried(exchange, one, "response", partial(one.plugin.answer, exchange), ())
    ]


def _decoded(body: bytes) -> Body | None:
    try:
        return _OBJECT.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def _add_usage(body: Body, before: Mapping[str, Any] | None) -> bool:
    """Count what an earlier answer to the same call took; say whether there was one."""
    if not before:
        return False
    own = body.get("usage")
    body["usage"] = _sum(cast("Body", own) if isinstance(own, dict) else {}, before)
    return True


def _sum(one: Mapping[str, Any], other: Mapping[str, Any]) -> Body:
    made = dict(one)
    for name, value in other.items():
        mine = made.get(name)
        if isinstance(value, dict):
            made[name] = _sum(cast("Body", mine) if isinstance(mine, dict) else {}, cast("Body", value))
        elif isinstance(value, int) and not isinstance(value, bool):
            made[name] = (mine if isinstance(mine, int) else 0) + value
        elif mine is None:
            made[name] = value
    return made

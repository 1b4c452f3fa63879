"""Answers that are to be JSON, because the caller asked for it: repaired, refused, or noted."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from masthead.gateway.call import Exchange, Verdict
from masthead.gateway.config_plugins import JsonConfig
from masthead.gateway.plugins.asked import Asked, asked_json, tool_schemas
from masthead.gateway.plugins.fitting import Fit, Fitter
from masthead.gateway.plugins.plugin import note, refused
from masthead.gateway.plugins.texts.edit import Edit, Edits, QuietEdits
from masthead.gateway.plugins.texts.slots import Channel

_MOST_QUOTED: Final = 8000


class Unfit(Exception):
    """An answer that is not what was asked for, which a model may be asked again with a note."""

    def __init__(self, note_to_model: str) -> None:
        super().__init__("the answer is not what was asked for")
        self.note_to_model = note_to_model


class JsonAnswers:
    """The plugin."""

    kind = "json"

    def __init__(self, config: JsonConfig) -> None:
        self._config = config
        self._fitter = Fitter()

    def request(self, exchange: Exchange) -> None:
        """Let the call pass."""

    def answer(self, exchange: Exchange) -> Sequence[Edits]:
        """Hold the answer to what the call asked for."""
        asked = asked_json(exchange.call)
        schemas = tool_schemas(exchange.call) if self._config.tools and "tools" in exchange.call.members else {}
        if asked is None and not schemas:
            return ()
        return (JsonEdits(exchange, self._config, self._fitter, asked, schemas),)


class JsonEdits(QuietEdits):
    """What is done to one answer."""

    def __init__(
        self, exchange: Exchange, config: JsonConfig, fitter: Fitter, asked: Asked | None, schemas: Mapping[str, Any]
    ) -> None:
        self._exchange = exchange
        self._config = config
        self._fitter = fitter
        self._asked = asked
        self._schemas = schemas
        self._unfit: dict[Channel, tuple[str, Fit]] = {}
        self._fitted: dict[tuple[str, str], Fit] = {}
        self._is_repaired = False
        self._has_calls = False

    def edit(self, channel: Channel) -> Edit | None:
        """Look at the text that is to be JSON, and at the arguments of tools."""
        self._has_calls = self._has_calls or channel.kind in {"arguments", "input"}
        if not self._is_judged(channel):
            return None
        return _Held(self, channel) if self._config.on == "correct" else _Passed(self, channel)

    def whole(self, channel: Channel, text: str) -> str:
        """Return a whole text as it may be passed on."""
        self._has_calls = self._has_calls or channel.kind in {"arguments", "input"}
        return self.judged(channel, text) if self._is_judged(channel) else text

    def judged(self, channel: Channel, text: str) -> str:
        """Return a text repaired where it can be and is to be, and remember what does not fit."""
        if channel.kind == "text" and not text.strip():
            return text
        key = channel.tool, text
        fit = self._fitted.get(key)
        if fit is None:
            schema = self._schemas[channel.tool] if channel.kind == "arguments" else self._asked and self._asked.schema
            given = text if text.strip() else "{}"
            fit = self._fitter.fitted(given, schema, repairs=self._config.on == "correct")
            self._fitted[key] = fit
        if fit.faults:
            self._unfit[channel] = text, fit
            return text
        self._is_repaired = self._is_repaired or fit.text != text
        return fit.text if self._config.on == "correct" else text

    def finish(self) -> None:
        """Refuse or note an answer that is not what was asked for."""
        unfit = {
            channel: found
            for channel, found in self._unfit.items()
            if channel.kind == "arguments" or not self._has_calls
        }  # a text beside tool calls is no answer yet
        if self._is_repaired and self._config.on == "correct":
            note(self._exchange, Verdict("json", "response", "corrected", ("repaired",)))
        if not unfit:
            return
        channel, (text, fit) = next(iter(unfit.items()))
        what = f"the arguments of {channel.tool!r}" if channel.kind == "arguments" else "the answer"
        if self._config.on == "record":
            note(self._exchange, Verdict("json", "response", "recorded", ("not what was asked for",)))
            return
        faults = "; ".join(fit.faults)
        message = f"the model's answer is not the JSON that was asked for: {what}: {faults}"
        if self._may_ask_again():
            raise Unfit(_asking_again(what, text, faults))
        raise refused(self._exchange, Verdict("json", "response", "blocked", ("not what was asked for",)), message)

    def _may_ask_again(self) -> bool:
        is_set = self._config.on == "correct" and self._config.asks_again
        return is_set and not self._exchange.call.is_stream and not self._exchange.content.is_asked_again

    def _is_judged(self, channel: Channel) -> bool:
        return (channel.kind == "text" and self._asked is not None) or (
            channel.kind == "arguments" and channel.tool in self._schemas
        )


def _asking_again(what: str, text: str, faults: str) -> str:
    return (
        "[Note from the system that runs you, not from the user] Your answer to this was refused, because "
        f"{what} is not the JSON that is needed: {faults}. It was:\n{text[:_MOST_QUOTED]}\n"
        "Answer again, in full, with JSON alone that fits."
    )


class _Held:
    """Holds a text back until all of it is there."""

    def __init__(self, edits: JsonEdits, channel: Channel) -> None:
        self._edits = edits
        self._channel = channel
        self._pieces: list[str] = []

    def feed(self, piece: str) -> str:
        self._pieces.append(piece)
        return ""

    def close(self, *, is_whole: bool) -> str:
        text = self.held()
        self._pieces = []
        return self._edits.judged(self._channel, text) if is_whole else text

    def held(self) -> str:
        return "".join(self._pieces)


class _Passed(_Held):
    """Passes a text on as it comes, and judges it at its end."""

    def feed(self, piece: str) -> str:
        super().feed(piece)
        return piece

    def close(self, *, is_whole: bool) -> str:
        super().close(is_whole=is_whole)
        return ""

    def held(self) -> str:
        return "".join(self._pieces)

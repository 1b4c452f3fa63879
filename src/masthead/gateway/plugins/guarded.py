"""Plugins that may fail: then a call is refused, or goes on without them, as their setting says."""

import logging
from collections.abc import Callable
from typing import Final, Literal, NamedTuple, TypeVar

from masthead.gateway.call import Exchange, Verdict
from masthead.gateway.plugins.json_answers import Unfit
from masthead.gateway.plugins.plugin import ContentPlugin, note
from masthead.gateway.plugins.texts.edit import Edit, Edits
from masthead.gateway.plugins.texts.slots import Channel
from masthead.gateway.seams import Refused
from masthead.model.errors import InvalidInput

_LOG = logging.getLogger(__name__)
_BROKEN: Final = "a plugin of the gateway failed at this call, and nothing passes without it; its log says which"
T = TypeVar("T")


class Placed(NamedTuple):
    """A plugin, and whether calls pass where it fails."""

    plugin: ContentPlugin
    is_open: bool


def tried(
    exchange: Exchange, placed: Placed, at: Literal["request", "response"], what: Callable[[], T], otherwise: T
) -> T:
    """Return what a plugin makes, or what stands for it where it fails and calls may pass all the same.

    The log says where it failed and at what kind of error, and nothing of what was said.

    Raises:
        Refused: the plugin says so, or failed and calls may not pass without it.
    """
    try:
        return what()
    except (Refused, Unfit, InvalidInput):  # the last one is the call's own fault: a member that cannot be read
        raise
    except Exception as error:  # noqa: BLE001 - the edge: what a failing plugin does to calls is a setting
        place = error.__traceback__
        while place is not None and place.tb_next is not None:
            place = place.tb_next
        where = f"{place.tb_frame.f_code.co_filename}:{place.tb_lineno}" if place is not None else "?"
        kind = placed.plugin.kind
        _LOG.error("the plugin %s failed at the call %s: %s at %s", kind, exchange.span_id, type(error).__name__, where)
        note(exchange, Verdict(kind, at, "failed"))
        if placed.is_open:
            return otherwise
        headers = ((b"x-should-retry", b"false"),)
        raise Refused(_BROKEN, status=500, kind="plugin_failed", headers=headers) from None


class Guarded:
    """What a plugin that may fail does to one answer."""

    def __init__(self, edits: Edits, exchange: Exchange, placed: Placed) -> None:
        self._edits = edits
        self._exchange = exchange
        self._placed = placed

    def edit(self, channel: Channel) -> Edit | None:
        """Return what is to be done to a text that begins."""
        made = self.tried(lambda: self._edits.edit(channel), None)
        return None if made is None else _GuardedEdit(made, self)

    def whole(self, channel: Channel, text: str) -> str:
        """Return a text that is told in whole."""
        return self.tried(lambda: self._edits.whole(channel, text), text)

    def is_over(self) -> bool:
        """Say whether the answer is to end here."""
        return self._edits.is_over()

    def finish(self) -> None:
        """Judge the answer."""
        self.tried(self._edits.finish, None)

    def tried(self, what: Callable[[], T], otherwise: T) -> T:
        """Return what the plugin makes, or what stands for it."""
        return tried(self._exchange, self._placed, "response", what, otherwise)


class _GuardedEdit:
    """Where it fails, the rest of the text passes as it comes."""

    def __init__(self, edit: Edit, guard: Guarded) -> None:
        self._edit = edit
        self._guard = guard
        self._is_broken = False

    def feed(self, piece: str) -> str:
        if self._is_broken:
            return piece
        made = self._guard.tried(lambda: self._edit.feed(piece), None)
        if made is not None:
            return made
        self._is_broken = True
        return self._edit.held()

    def close(self, *, is_whole: bool) -> str:
        if self._is_broken:
            return ""
        made = self._guard.tried(lambda: self._edit.close(is_whole=is_whole), None)
        return self._edit.held() if made is None else made

    def held(self) -> str:
        return self._edit.held()

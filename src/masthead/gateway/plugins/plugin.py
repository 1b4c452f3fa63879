"""What every content plugin is, and how it says what it found."""

from collections.abc import Iterable, Sequence
from typing import Final, Protocol, cast

from masthead.gateway.call import Exchange, Header, Verdict
from masthead.gateway.plugins.texts.edit import Edits
from masthead.gateway.seams import Refused

HEADER: Final = b"x-masthead-plugin"
_NO_RETRY: Final[tuple[Header, ...]] = ((b"x-should-retry", b"false"),)
"""The SDKs of OpenAI and Anthropic try again unless told so, and a second answer costs a second time."""
_ORDER: Final = ("blocked", "failed", "corrected", "recorded")


class ContentPlugin(Protocol):
    """One object for all calls that a plugin's configuration holds for. Sees calls one at a time, and never waits."""

    kind: str

    def request(self, exchange: Exchange) -> None:
        """Look at `exchange.outgoing`, which is sent; set `exchange.sent` to change it, raise `Refused` to end it."""
        ...

    def answer(self, exchange: Exchange) -> Sequence[Edits]:
        """Return what is to be done to the answer."""
        ...


def note(exchange: Exchange, verdict: Verdict) -> None:
    """Say what was found in the span, in the metrics, and in a header where the answer has not begun."""
    if verdict in exchange.verdicts:
        return
    exchange.verdicts = (*exchange.verdicts, verdict)
    name = f"masthead.gateway.plugin.{verdict.kind}"
    said = str(exchange.attributes.get(name))
    exchange.attributes[name] = min((one for one in (verdict.action, said) if one in _ORDER), key=_ORDER.index)
    if verdict.found:
        before = exchange.attributes.get(f"{name}.found")
        listed = [str(one) for one in cast("list[object]", before)] if isinstance(before, list) else []
        exchange.attributes[f"{name}.found"] = [*listed, *(f"{verdict.at}: {one}" for one in verdict.found)]
    what = f"; {', '.join(verdict.found)}" if verdict.found else ""
    shown = f"{verdict.kind} {verdict.action} in {verdict.at}{what}"
    exchange.headers.append((HEADER, shown.encode("ascii", "replace")[:400]))


def refused(exchange: Exchange, verdict: Verdict, message: str) -> Refused:
    """Note a verdict and return the refusal that it leads to: of a call 400, of an answer 502."""
    note(exchange, verdict)
    status = 400 if verdict.at == "request" else 502
    return Refused(message, status=status, kind="content_refused", headers=_NO_RETRY)


def counted(found: Iterable[tuple[str, int]]) -> tuple[str, ...]:
    """Return kinds with how many there were, in words."""
    return tuple(f"{count} {kind}" for kind, count in sorted(found))

"""What one target is sent in a call's stead: another system prompt, for an experiment, and no member that it refuses.

The call itself stays as it came: guards, limits, cache and the record know it by what was asked.
"""

import hashlib
from typing import Final, cast
from urllib.parse import urlsplit

import msgspec

from masthead.gateway.call import Call, Exchange, Target, Variant
from masthead.model import attributes as names

VARIANT: Final = "masthead.gateway.variant"
_LOSSES: Final = "masthead.gateway.losses"
_ENDPOINTS: Final = frozenset({"chat", "responses", "messages"})
_ITEMS: Final = msgspec.json.Decoder(list[msgspec.Raw])
_OF_SYSTEM: Final = frozenset({"system", "developer"})
_CLAUDE: Final = frozenset({"anthropic", "vertex-anthropic"})


class _Role(msgspec.Struct):
    role: str | None = None


_ROLE: Final = msgspec.json.Decoder(_Role)


class Fitting:
    """Puts into an exchange what its next target is sent. One for each plan."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._sent = exchange.sent
        self._call = exchange.outgoing

    def to(self, target: Target) -> None:
        """Make the next request one for this target."""
        exchange, variant = self._exchange, target.variant
        call, loss = without_refused(self._call, target)
        if variant is not None and variant.system is not None:
            call = with_system(call, variant.system)
        exchange.sent = self._sent if call is self._call else call
        for name, said in ((_LOSSES, loss), (VARIANT, variant and variant.name), (names.RUN_TAGS, variant)):
            if said is None:
                exchange.attributes.pop(name, None)
        if loss is not None:
            exchange.attributes[_LOSSES] = [loss]
        if variant is not None:
            exchange.attributes[VARIANT] = variant.name
            exchange.attributes[names.RUN_TAGS] = [variant.name]


def fitting_of(exchange: Exchange, *, has_variants: bool) -> Fitting | None:
    """Return what fits the call to its targets; None where all are sent the same, as nearly all are."""
    if not has_variants and "metadata" not in exchange.call.members:
        return None
    return Fitting(exchange) if exchange.call.endpoint.name in _ENDPOINTS else None


def variant_of(name: str | None, system: str | None) -> Variant | None:
    """Return what makes a target a variant; one without a name is called by its prompt's digest."""
    if name is None and system is None:
        return None
    digest = hashlib.sha256((system or "").encode("utf-8", "surrogatepass")).hexdigest()
    return Variant(name or f"prompt-{digest[:8]}", system)


def with_system(call: Call, system: str) -> Call:
    """Return the call with another system prompt in place of its own, or before its first message."""
    if call.endpoint.name == "messages":
        return call.replacing(system=system)
    name = "messages" if call.endpoint.name == "chat" else "input"
    raw = call.members.get(name)
    items = _ITEMS.decode(raw) if raw is not None and bytes(raw)[:1] == b"[" else None
    own = 0 if items is None else next((at for at, item in enumerate(items) if not _is_of_system(item)), len(items))
    if call.endpoint.name == "responses":
        return call.replacing(instructions=system, **({name: items[own:]} if items is not None and own else {}))
    return call.replacing(messages=[{"role": "system", "content": system}, *(items or [])[own:]])


def without_refused(call: Call, target: Target) -> tuple[Call, str | None]:
    """Return the call without what this vendor would refuse it for, and what that was.

    Callers tell the gateway in `metadata` which run, agent or session a call belongs to. Anthropic takes nothing there
    but `user_id`, and OpenAI takes none with chat completions that are not stored.
    """
    if "metadata" not in call.members:
        return call, None
    vendor, where = target.connection.vendor_id, call.endpoint.name
    if where == "messages" and vendor in _CLAUDE:
        given = call.member("metadata")
        told = cast("dict[str, object]", given) if isinstance(given, dict) else {}
        if not told.keys() - {"user_id"}:
            return call, None
        kept = {"user_id": told["user_id"]} if "user_id" in told else ...
        return call.replacing(metadata=kept), "metadata: Anthropic takes user_id alone"
    if where == "chat" and _is_openai(target) and call.member("store") is not True:
        return call.replacing(metadata=...), "metadata: OpenAI takes it with store alone"
    return call, None


def _is_openai(target: Target) -> bool:
    if target.connection.vendor_id == "azure":
        return True
    host = urlsplit(target.connection.base_url).hostname or ""
    return target.connection.vendor_id == "openai" and host.endswith(".openai.com")


def _is_of_system(item: msgspec.Raw) -> bool:
    try:
        return _ROLE.decode(item).role in _OF_SYSTEM
    except (msgspec.DecodeError, UnicodeDecodeError):
        return False

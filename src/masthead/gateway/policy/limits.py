"""Rates and budgets: what a key, project, user, agent, run or model may use in a window of time.

A call takes one request of each limit that holds for it before it is sent, and adds its tokens and cost when it ends.
So requests are never exceeded, and tokens and money by no more than the calls that were under way.
"""

import asyncio
import contextlib
import logging
from collections.abc import Collection, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import lru_cache, partial
from typing import Final, Literal, NamedTuple

from masthead.clock import Clock
from masthead.gateway.call import Answer, Exchange
from masthead.gateway.charge import CostOf, charge_of
from masthead.gateway.config_routes import LimitConfig, Window
from masthead.gateway.joining import user_of
from masthead.gateway.policy.counters import NANO_USD, Counters, Slot, Used
from masthead.gateway.policy.subjects import agent_of
from masthead.gateway.policy.uncounted import Uncounted
from masthead.gateway.seams import QuietPlugin, Refused
from masthead.model.ids import ProjectId, SpanId
from masthead.model.money import dollars
from masthead.model.tenancy import KeyLimit

_LOG = logging.getLogger(__name__)
_LOGGED_EVERY_S: Final = 10.0
_LAST_S: Final = 1.0
"""How long the end of a gateway waits until the last calls are counted."""
Adding = set[asyncio.Task[None]]
"""What ended calls have used, on its way to the counters."""


class _Held(NamedTuple):
    limit: LimitConfig
    slot: Slot
    subject: str


class Limits(QuietPlugin):
    """A plugin that holds calls to their limits. Stands after the guards, which find a call's run and agent."""

    def __init__(
        self,
        limits: Sequence[LimitConfig],
        counters: Counters,
        cost_of: CostOf,
        clock: Clock,
        *,
        fails_open: bool = True,
        uncountable: str | None = None,
        connections: Collection[str] = (),
        uncounted: Uncounted | None = None,
        adding: Adding | None = None,
    ) -> None:
        """Hold calls to these limits, and to those of their keys; `uncountable` says why none can be counted.

        A model that is named by its connection (`CONNECTION/MODEL`) counts as that model. `adding` is for `all_added`,
        which whoever closes the counters is to wait for.
        """
        self._connections = frozenset(connections)
        self._limits = tuple(limits)
        self._uncountable = uncountable
        self._counters = counters
        self._cost_of = cost_of
        self._clock = clock
        self._fails_open = fails_open
        self._open: dict[SpanId, list[_Held]] = {}
        self._uncounted = uncounted or Uncounted(cost_of)
        self._adding: Adding = set() if adding is None else adding
        self._silent_until_s = float("-inf")

    async def before(self, exchange: Exchange) -> Answer | None:
        """Take one request of each limit, or refuse the call."""
        own = exchange.call.identity.limits
        if not own and not self._limits:
            return None
        limits = (*self._limits, *of_key(own)) if own else self._limits
        held = [one for limit in limits if (one := self._held(limit, exchange)) is not None]
        if not held:
            return None
        await self._uncounted.refuse(exchange, (one.limit for one in held))
        if self._uncountable is not None:
            raise Refused(self._uncountable, status=503, kind="limits_unavailable")
        try:
            used = await self._take(held)
        except (OSError, TimeoutError) as error:
            self._complain("limits cannot be counted: %s", error)
            if self._fails_open:
                return None
            message = "limits cannot be checked at present, and this gateway lets nothing through unchecked"
            raise Refused(message, status=503, kind="limits_unavailable") from error
        for one, so_far in zip(held, used, strict=True):
            over = _over(one.limit, so_far)
            if over is not None:
                await self._give_back(held)
                raise self._refusal(one, over, exchange.call.identity.name)
        self._open[exchange.span_id] = held
        exchange.take_more = partial(self._more, held)
        return None

    async def _more(self, held: Sequence[_Held]) -> bool:
        """Take one more request of each limit, for a call that is sent twice; say whether there was room."""
        try:
            used = await self._take(held)
        except (OSError, TimeoutError):
            return self._fails_open
        if all(_over(one.limit, so_far) is None for one, so_far in zip(held, used, strict=True)):
            return True
        await self._give_back(held)
        return False

    async def _give_back(self, held: Sequence[_Held]) -> None:
        with contextlib.suppress(OSError, TimeoutError):  # then one too many stays counted
            await self._counters.add(_slots(held), requests=-1)

    async def _take(self, held: Sequence[_Held]) -> list[Used]:
        """Count one request in each slot, and return what is used of each limit. Several limits may share a slot."""
        slots = _slots(held)
        used = dict(zip((slot.name for slot in slots), await self._counters.take(slots), strict=True))
        return [used[one.slot.name] for one in held]

    def ended(self, exchange: Exchange) -> None:
        """Add what the call has used."""
        held = self._open.pop(exchange.span_id, None)
        used = charge_of(exchange, self._cost_of) if held is not None else None
        if held is None or used is None or not used.tokens:
            return
        adding = self._add(_slots(held), used.tokens, int((used.cost_usd or Decimal(0)) * NANO_USD))
        task = asyncio.get_running_loop().create_task(adding)
        self._adding.add(task)
        task.add_done_callback(self._adding.discard)

    async def _add(self, slots: Sequence[Slot], tokens: int, nano_usd: int) -> None:
        try:
            await self._counters.add(slots, tokens=tokens, nano_usd=nano_usd)
        except (OSError, TimeoutError) as error:
            self._complain("what a call used of its limits could not be counted: %s", error)

    def _complain(self, message: str, error: Exception) -> None:
        """Log it now and then: every call may have the same to say."""
        now_s = self._clock.monotonic_s()
        if now_s >= self._silent_until_s:
            self._silent_until_s = now_s + _LOGGED_EVERY_S
            _LOG.warning(message, error)

    def _held(self, limit: LimitConfig, exchange: Exchange) -> _Held | None:
        if limit.per == "model":
            subject = self._model(exchange.call.model)
            names, only = {subject}, {self._model(one) for one in limit.only}
        else:
            subject, only = _subject(limit.per, exchange), set(limit.only)
            names = {subject} if limit.per != "key" else {subject, exchange.call.identity.name}
        if subject is None or (only and not names & only):
            return None
        prefix, end_ns = slots_of(exchange.call.identity.project, limit, self._clock.now_ns())
        return _Held(limit, Slot(prefix + subject, end_ns), subject)

    def _model(self, model: str) -> str | None:
        connection, _, name = model.partition("/")
        return (name if name and connection in self._connections else model) or None

    def _refusal(self, held: _Held, over: str, key: str | None) -> Refused:
        limit = held.limit
        subject = key or held.subject if limit.per == "key" else held.subject
        per = "" if limit.window == "total" else f" a {limit.window}"
        message = f"the limit of {limit.per} {subject!r} is used up: {over}{per}"
        if held.slot.end_ns is None:
            return Refused(message, status=429, kind="budget_exceeded", headers=((b"x-should-retry", b"false"),))
        wait_s = max(1, -(-(held.slot.end_ns - self._clock.now_ns()) // NANO_USD))
        until = datetime.fromtimestamp(held.slot.end_ns / 1e9, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        return Refused(
            f"{message}. It begins anew at {until}",
            status=429,
            kind="budget_exceeded",
            headers=((b"retry-after", str(wait_s).encode()),),
        )


async def all_added(adding: Adding) -> None:
    """Wait, not for long, until what ended calls have used is counted."""
    if adding:
        _, late = await asyncio.wait(adding, timeout=_LAST_S)
        if late:
            _LOG.warning("what the last %d calls used of their limits could not be counted in time", len(late))


@lru_cache(maxsize=4096)
def of_key(limits: tuple[KeyLimit, ...]) -> tuple[LimitConfig, ...]:
    """Return a key's own limits as those of a configuration are written."""
    return tuple(
        LimitConfig(per="key", window=one.window, requests=one.requests, tokens=one.tokens, cost_usd=one.cost_usd)
        for one in limits
    )


def _slots(held: Sequence[_Held]) -> list[Slot]:
    return list({one.slot.name: one.slot for one in held}.values())


def slots_of(project: ProjectId, limit: LimitConfig, now_ns: int) -> tuple[str, int | None]:
    """Return how the names of a limit's slots begin now, before the subject, and when their window is over."""
    start, end_ns = window_at(limit.window, now_ns)
    return "\0".join((project, limit.per, ",".join(limit.only), start, "")), end_ns


def window_at(window: Window, now_ns: int) -> tuple[str, int | None]:
    """Return a window's name at a time, by the clock in UTC, and when it is over, in Unix nanoseconds."""
    if window == "total":
        return "total", None
    now = datetime.fromtimestamp(now_ns // NANO_USD, UTC).replace(microsecond=0)
    match window:
        case "minute":
            start, end = now.replace(second=0), now.replace(second=0) + timedelta(minutes=1)
        case "hour":
            start = now.replace(minute=0, second=0)
            end = start + timedelta(hours=1)
        case "day":
            start = now.replace(hour=0, minute=0, second=0)
            end = start + timedelta(days=1)
        case "month":
            start = now.replace(day=1, hour=0, minute=0, second=0)
            end = (start + timedelta(days=32)).replace(day=1)
    return f"{window} {start:%Y-%m-%dT%H:%M}", int(end.timestamp()) * NANO_USD


def _subject(per: Literal["project", "key", "user", "agent", "run"], exchange: Exchange) -> str | None:
    identity = exchange.call.identity
    match per:
        case "project":
            return str(identity.project)
        case "key":
            return identity.key_id
        case "user":
            return user_of(exchange.call)
        case "agent":
            return agent_of(exchange)
        case "run":
            return exchange.links[0].trace_id if exchange.purpose == "shadow" else exchange.trace_id


def _over(limit: LimitConfig, used: Used) -> str | None:
    """Return what of the limit is used up, in words; `used` counts the present request."""
    if limit.requests is not None and used.requests > limit.requests:
        return f"{limit.requests} requests"
    if limit.tokens is not None and used.tokens >= limit.tokens:
        return f"{used.tokens} of {limit.tokens} tokens"
    if limit.cost_usd is not None and used.nano_usd >= limit.cost_usd * NANO_USD:
        return f"{dollars(Decimal(used.nano_usd) / NANO_USD)} of ${limit.cost_usd:f}"
    return None

"""One state of guards over several workers: each project and key has one that keeps its runs, and the others ask it.

Which one that is follows from a digest of project and key, so no two workers disagree. A worker that has a call of
another's sends it over a Unix socket before the call goes on, and what was answered before the answer goes out; so
the next call of the agent finds it there, whichever worker has that one.

Must always hold: no call fails because another worker is gone, or waits for it for long. It is then looked at with what
this worker alone knows, and counted.
"""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple
from zlib import crc32

import msgspec

from masthead.gateway.agents.between import (
    Asked,
    Ended,
    GuardsOf,
    Message,
    Refusal,
    Told,
    asked_of,
    ended_of,
    exchange_of,
    note_in,
    take_over,
    without_answer,
)
from masthead.gateway.agents.guards import AgentGuards
from masthead.gateway.agents.wire import Place, Wire
from masthead.gateway.call import Answer, Attempt, Call, Connection, Exchange, Target
from masthead.gateway.config_routes import GuardsConfig
from masthead.gateway.seams import QuietPlugin, Refused
from masthead.model.errors import MastheadError
from masthead.model.ids import SpanId

_LOG = logging.getLogger(__name__)
_PATIENCE_S: Final = 0.5
"""How long a call waits for another worker's word."""
_PAUSE_S: Final = 0.5
"""How long a worker that did not answer is not asked again."""
_ORDER_S: Final = 0.05
"""How long a call waits for the end of one that it goes on from, which another worker is just telling of."""
_TAIL: Final = 64
_JOINED: Final = frozenset({"chat", "responses", "messages"})
_ERROR: Final = "masthead.gateway.guards_elsewhere"
_NOBODY: Final = Connection("", "", (), "", None)


class _Remote(NamedTuple):
    """A call of this worker's that another one keeps the run of."""

    wire: Wire
    number: int


class _Kept(NamedTuple):
    """A call of another worker's whose run is kept here. `length` and `tail` tell by which history it began."""

    exchange: Exchange
    scope: str
    length: int
    tail: bytes
    is_over: asyncio.Future[None]


class _Neighbour:
    """Another worker, as it is asked."""

    def __init__(self) -> None:
        self.wire: Wire | None = None
        self.number = 0
        self.waiting: dict[int, asyncio.Future[Told]] = {}
        self.paused_until_s = 0.0
        self.opening: asyncio.Task[Wire] | None = None

    def taken(self, _wire: Wire, message: Message) -> None:
        """Give an answer to who waits for it."""
        if isinstance(message, Told):
            future = self.waiting.pop(message.number, None)
            if future is not None and not future.done():
                future.set_result(message)

    def lost(self, _wire: Wire) -> None:
        """Tell all who wait that nothing comes."""
        self.wire = None
        waiting, self.waiting = self.waiting, {}
        for future in waiting.values():
            if not future.done():
                future.set_exception(ConnectionError("the worker is gone"))


class SharedGuards(QuietPlugin):
    """The guards of one of several workers. Belongs to one event loop."""

    def __init__(self, guards: AgentGuards, guards_of: GuardsOf, worker: int, workers: int, place: Place) -> None:
        """Take the guards of this worker, which must ask `by_asker` what guards a run."""
        self._guards = guards
        self._guards_of = guards_of
        self._worker = worker
        self._workers = workers
        self._place = place
        self._neighbours = {other: _Neighbour() for other in range(workers) if other != worker}
        self._remote: dict[SpanId, _Remote] = {}
        self._kept: dict[tuple[Wire, int], _Kept] = {}
        self._scopes: dict[str, list[_Kept]] = {}
        self._asked: list[tuple[Wire, Asked]] = []
        self._in_work: set[tuple[Wire, int]] = set()
        """Calls of other workers that were asked about and are neither answered nor given up."""
        self._tasks: set[asyncio.Task[None]] = set()
        self._last: tuple[GuardsConfig, bytes] | None = None
        self._server: asyncio.Server | None = None
        self.elsewhere = 0
        """Calls that another worker looked at for this one."""
        self.alone = 0
        """Calls that it should have looked at, and did not answer in time."""

    @property
    def under_way(self) -> tuple[int, int]:
        """How many calls of this worker's are kept by others, and how many of others' are kept here."""
        return len(self._remote), len(self._kept)

    async def begin(self) -> None:
        """Listen for the other workers; where that cannot be, say so and go on alone."""
        loop = asyncio.get_running_loop()
        try:
            listener = self._place.listener(self._worker)
            self._server = await loop.create_unix_server(lambda: Wire(self._heard, self._left), sock=listener)
        except OSError as error:
            _LOG.warning("the other workers cannot ask this one about the runs that it keeps: %s", error)

    async def end(self) -> None:
        """Close every connection."""
        if self._server is not None:
            self._server.close()
        for wire in [*{wire for wire, _ in self._kept}, *(one.wire for one in self._neighbours.values())]:
            if wire is not None:
                wire.close()
        for task in tuple(self._tasks):
            task.cancel()
        self._place.close()

    def owner(self, exchange: Exchange) -> int:
        """Return the worker that keeps the runs of the call's project and key."""
        return crc32(_scope(exchange).encode()) % self._workers

    # As a plugin, for calls that this worker has.

    async def before(self, exchange: Exchange) -> Answer | None:
        """Find the call's run and agent, and refuse or correct it, wherever its run is kept."""
        if exchange.call.endpoint.name not in _JOINED:
            return None
        owner = self.owner(exchange)
        if owner == self._worker:
            if _scope(exchange) in self._scopes:
                await asyncio.sleep(0)  # what other workers have told of by now comes first
                await self._in_order(_scope(exchange), exchange.call)
            return await self._guards.before(exchange)
        neighbour = self._neighbours[owner]
        told = await self._ask(neighbour, exchange)
        if told is None:
            self.alone += 1
            exchange.attributes[_ERROR] = f"worker {owner} did not answer"
            return await self._guards.before(exchange)
        self.elsewhere += 1
        take_over(exchange, told)
        return None

    async def after(self, exchange: Exchange, answer: Answer) -> Answer:
        """Tell the run's keeper of an answer, before the client has it."""
        remote = self._remote.pop(exchange.span_id, None)
        if remote is not None:
            remote.wire.send(ended_of(remote.number, exchange, answer.status, answer.body))
        return answer

    def ended(self, exchange: Exchange) -> None:
        """Tell the run's keeper of a stream, or of a call without an answer."""
        remote = self._remote.pop(exchange.span_id, None)
        if remote is not None:
            body = b"".join(exchange.answered)
            remote.wire.send(ended_of(remote.number, exchange, exchange.status, body))
        else:
            self._guards.ended(exchange)

    async def _ask(self, neighbour: _Neighbour, exchange: Exchange) -> Told | None:
        """Return what the keeper of the call's run says; None where it does not say it in time."""
        if asyncio.get_running_loop().time() < neighbour.paused_until_s:
            return None
        is_again = neighbour.wire is None
        try:
            async with asyncio.timeout(_PATIENCE_S):
                while True:
                    try:
                        return await self._asked_once(neighbour, exchange)
                    except ConnectionError:
                        if is_again:
                            raise
                        is_again = True  # it has ended, and has perhaps begun anew
        except (OSError, TimeoutError) as error:
            now_s = asyncio.get_running_loop().time()
            if now_s >= neighbour.paused_until_s:
                _LOG.warning("guards go on with what this worker knows: another one does not answer (%r)", error)
            neighbour.paused_until_s = now_s + _PAUSE_S
            return None

    async def _asked_once(self, neighbour: _Neighbour, exchange: Exchange) -> Told | None:
        wire = neighbour.wire
        if wire is None or not wire.is_open:
            wire = await self._connected(neighbour, self.owner(exchange))
        if wire.is_full:
            return None
        neighbour.number = number = neighbour.number + 1
        future = neighbour.waiting[number] = asyncio.get_running_loop().create_future()
        wire.send(asked_of(number, exchange, self._written(self._guards_of(exchange.call))))
        try:
            told = await future
        except BaseException:
            neighbour.waiting.pop(number, None)
            wire.send(without_answer(number))
            raise
        if told.refusal is None:
            self._remote[exchange.span_id] = _Remote(wire, number)
        return told

    def _written(self, guards: GuardsConfig) -> bytes:
        if self._last is None or self._last[0] is not guards:
            self._last = (guards, guards.model_dump_json().encode())
        return self._last[1]

    async def _connected(self, neighbour: _Neighbour, worker: int) -> Wire:
        """Return the connection to a worker; callers at the same time share one attempt."""
        if neighbour.opening is None:
            neighbour.opening = asyncio.get_running_loop().create_task(self._connect(neighbour, worker))
        return await asyncio.shield(neighbour.opening)

    async def _connect(self, neighbour: _Neighbour, worker: int) -> Wire:
        try:
            loop = asyncio.get_running_loop()
            async with asyncio.timeout(_PATIENCE_S):
                _, wire = await loop.create_unix_connection(
                    lambda: Wire(neighbour.taken, neighbour.lost), self._place.address(worker)
                )
            neighbour.wire = wire
            return wire
        finally:
            neighbour.opening = None

    # As the keeper of runs, for calls that other workers have.

    def _heard(self, wire: Wire, message: Message) -> None:
        if isinstance(message, Ended):
            kept = self._kept.pop((wire, message.number), None)
            if kept is None:
                self._in_work.discard((wire, message.number))  # nobody waits for the answer any more
            else:
                self._over(kept, message)
        elif isinstance(message, Asked):
            # Not at once: an end that was told before this was asked may still be unread on another connection.
            self._in_work.add((wire, message.number))
            self._asked.append((wire, message))
            if len(self._asked) == 1:
                asyncio.get_running_loop().call_soon(self._look)

    def _look(self) -> None:
        asked, self._asked = self._asked, []
        if asked:
            self._start(asked)

    def _start(self, asked: "Sequence[tuple[Wire, Asked]]") -> None:
        task = asyncio.get_running_loop().create_task(self._answer_all(asked))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _answer_all(self, asked: "Sequence[tuple[Wire, Asked]]") -> None:
        for wire, one in asked:
            try:
                exchange = exchange_of(one)
                scope = _scope(exchange)
                if len(asked) > 1 and self._begun_by(scope, exchange.call) is not None:
                    self._start([(wire, one)])  # waits by itself
                    continue
                await self._in_order(scope, exchange.call)
                if (wire, one.number) in self._in_work:
                    wire.send(await self._answer(wire, one, exchange, scope))
            except Exception:  # noqa: BLE001 - the edge: the other worker goes on with what it knows
                _LOG.exception("a call of another worker could not be looked at")
            self._in_work.discard((wire, one.number))

    async def _answer(self, wire: Wire, asked: Asked, exchange: Exchange, scope: str) -> Told:
        call = exchange.call
        refusal = None
        try:
            await self._guards.before(exchange)
        except Refused as error:
            refusal = Refusal(str(error), error.status, error.kind, list(error.headers))
        except MastheadError as error:
            refusal = Refusal(str(error), 400, "invalid_request_error", [])
        note = None if exchange.call is call else note_in(exchange.call)
        if refusal is not None or (wire, asked.number) not in self._in_work:
            self._guards.ended(exchange)  # without an answer
        else:
            self._keep(wire, asked.number, exchange, call, scope)
        return Told(asked.number, exchange.trace_id, dict(exchange.attributes), exchange.headers, note, refusal)

    def _keep(self, wire: Wire, number: int, exchange: Exchange, call: Call, scope: str) -> None:
        history = _history(call)
        exchange.call = msgspec.structs.replace(call, members={}, body=b"", headers={})
        over = asyncio.get_running_loop().create_future()
        kept = _Kept(exchange, scope, len(history), history[-_TAIL - 1 : -1], over)
        self._kept[wire, number] = kept
        self._scopes.setdefault(scope, []).append(kept)

    def _over(self, kept: _Kept, message: Ended | None) -> None:
        exchange = kept.exchange
        if message is not None:
            exchange.status, exchange.error = message.status, message.error
            exchange.is_client_gone = message.is_gone
            exchange.answered = [message.answered] if message.answered else []
            exchange.is_stream_answer, exchange.is_truncated = message.is_stream, message.is_cut
            exchange.attributes |= message.attributes
            if message.model:
                target = Target(_NOBODY._replace(provider=message.provider or ""), message.model)
                exchange.attempts = [Attempt(target=target, start_ns=exchange.start_ns, status=message.status)]
        open_calls = self._scopes[kept.scope]
        open_calls.remove(kept)
        if not open_calls:
            del self._scopes[kept.scope]
        if not kept.is_over.done():
            kept.is_over.set_result(None)
        try:
            self._guards.ended(exchange)
        except Exception:  # noqa: BLE001 - the edge: other calls must not be lost with this one
            _LOG.exception("the end of another worker's call could not be read")

    def _left(self, wire: Wire) -> None:
        """Let go of the calls of a worker that is gone."""
        self._in_work = {one for one in self._in_work if one[0] is not wire}
        for key in [key for key in self._kept if key[0] is wire]:
            self._over(self._kept.pop(key), None)

    def _begun_by(self, scope: str, call: Call) -> _Kept | None:
        """Return the call under way that this one goes on from: its end is on its way here."""
        kept = self._scopes.get(scope)
        if not kept:
            return None
        history = _history(call)
        for one in kept:
            at = one.length - 1
            if len(history) > one.length > 2 and history[max(0, at - _TAIL) : at] == one.tail:
                return one
        return None

    async def _in_order(self, scope: str, call: Call) -> None:
        earlier = self._begun_by(scope, call)
        if earlier is not None:
            await asyncio.wait([earlier.is_over], timeout=_ORDER_S)


def counts(guards: "SharedGuards | None") -> Mapping[str, float]:
    """Return the metrics of guards that are shared; none of guards that are not."""
    if guards is None:
        return {}
    return {
        "masthead_gateway_guards_elsewhere_total": guards.elsewhere,
        "masthead_gateway_guards_alone_total": guards.alone,
    }


def _scope(exchange: Exchange) -> str:
    identity = exchange.call.identity
    return f"{identity.project}\0{identity.key_id or ''}"


def _history(call: Call) -> bytes:
    raw = call.members.get("messages") or call.members.get("input")
    return b"" if raw is None else bytes(raw)

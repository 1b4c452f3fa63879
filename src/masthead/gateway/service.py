"""A gateway with everything that belongs to it: whose configuration holds, its recorder, its metrics.

Configurations are looked at once a second while there are calls. A new one counts from the next call on; one that
cannot be taken changes nothing and is reported, with its faults.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Mapping, MutableMapping, Sequence
from pathlib import Path
from typing import Any, Final, Protocol

from masthead.clock import Clock
from masthead.gateway.answers import refusal
from masthead.gateway.app import Gateway
from masthead.gateway.call import Answer, Call, Exchange, Header
from masthead.gateway.conduct import Conductor
from masthead.gateway.config import GatewayConfig
from masthead.gateway.config_routes import GuardsConfig
from masthead.gateway.lag import LoopLag
from masthead.gateway.metrics import labelled, text_of
from masthead.gateway.noted import Noted, noted
from masthead.gateway.operations import Operations, Told
from masthead.gateway.policy.counters import Counters
from masthead.gateway.reading import Receive, Send
from masthead.gateway.recorder import SinkOf, SpanRecorder
from masthead.gateway.seams import Identify, Refused
from masthead.gateway.shown import RedactionOf, Shown, no_redaction
from masthead.gateway.spans import spans_of
from masthead.gateway.status import Stand
from masthead.gateway.summing import shown_to
from masthead.gateway.tenants import Documents, MakeSeams, NoDocuments, Serving, Tenants
from masthead.gateway.upstream.port import UpstreamClient
from masthead.model.ids import ProjectId

_LOG = logging.getLogger(__name__)
_LOOK_S: Final = 1.0
_PATIENCE_S: Final = 0.5
"""How long a call waits until changes of the configuration were looked for."""
_TEXT: Final[Header] = (b"content-type", b"text/plain; version=0.0.4; charset=utf-8")
Write = Callable[[Exchange, Noted], Sequence[Any]]
"""Turns a call, with what its span says, into what the sink takes."""


class Beside(Protocol):
    """What lives as long as the event loop that serves."""

    async def begin(self) -> None:
        """Begin, before the first call."""
        ...

    async def end(self) -> None:
        """End, after the last one."""
        ...


class GatewayService:
    """What is mounted: `/v1/…` and `/metrics`."""

    def __init__(
        self,
        *,
        file: Path,
        make_seams: MakeSeams,
        identify: Identify,
        sink: SinkOf[Any],
        client: UpstreamClient,
        clock: Clock,
        documents: Documents | None = None,
        environment: Mapping[str, str] | None = None,
        gauges: Callable[[], Mapping[str, float]] = dict,
        ending: Callable[[], Awaitable[None]] | None = None,
        closing: Callable[[], None] | None = None,
        beside: Beside | None = None,
        stand: Stand = Stand(),  # noqa: B008 - a tuple, never changed
        counters: Counters | None = None,
        redaction_of: RedactionOf = no_redaction,
        write: Write = spans_of,
    ) -> None:
        """Put it together; `write` turns a call into what the sink takes, `redaction_of` says what nobody may watch.

        `ending` is awaited in the event loop that serves, after the last call; `closing` is called when all is over.
        """
        self._identify = identify
        self._client = client
        self._clock = clock
        self._gauges = gauges
        self._ending = ending
        self._closing = closing
        self._beside = beside
        self._looking: asyncio.Future[None] | None = None
        self._looked_s = clock.monotonic_s()
        self._write = write
        self.recorder = SpanRecorder[Any](sink, self._written, clock)
        self.tenants = Tenants(
            file=file,
            documents=documents or NoDocuments(),
            make_seams=make_seams,
            make_conductor=lambda config: Conductor(client, clock, max_answer_bytes=config.max_answer_bytes),
            environment=environment or {},
            recorder=self.recorder,
            clock=clock,
        )
        self.gateway = Gateway(identify, self.tenants, clock)
        counts, shown = self.recorder.counters, Shown(redaction_of)
        told = Told(self.gateway.traffic, self.servings, counts, gauges, self.metrics_text, shown)
        self.operations = Operations(stand, clock, told, counters)
        self._lag = LoopLag(self.gateway.metrics.loop_lag)

    @property
    def config(self) -> GatewayConfig:
        """What the file says, which holds where a project's own document says nothing."""
        return self.tenants.base

    @property
    def client(self) -> UpstreamClient:
        """What asks upstreams; belongs to the event loop that serves."""
        return self._client

    def config_of(self, project: ProjectId) -> GatewayConfig:
        """Return what holds for a project's calls; may block.

        Raises:
            Refused: its document cannot be taken, or not be read.
        """
        return self.tenants.loaded(project).config

    def servings(self) -> Sequence[Serving]:
        """Return what serves the projects of which calls came."""
        return self.tenants.all()

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """Answer one request."""
        now_s = self._clock.monotonic_s()
        if now_s - self._looked_s >= _LOOK_S:
            self._looked_s = now_s
            await self._look()
        if scope["path"] == "/metrics":
            await self._metrics(scope, send)
            return
        await self.gateway(scope, receive, send)

    def metrics_text(self) -> str:
        """Return the metrics of this process, the recorder's included."""
        counters = self.recorder.counters()
        own = {
            "masthead_gateway_recorded_total": counters.recorded,
            "masthead_gateway_records_lost_total": counters.lost,
            "masthead_gateway_records_thinned_total": counters.thinned,
            "masthead_gateway_records_queued": counters.queued,
            "masthead_gateway_records_queued_bytes": counters.queued_bytes,
            "masthead_gateway_loop_lag_longest_seconds": self._lag.longest_s,
        }
        left_out = {
            labelled("masthead_gateway_shadows_left_out_total", model=model): float(count)
            for model, count in dict(self.gateway.own_calls.left_out).items()
        }
        return text_of(self.gateway.metrics, own | left_out | dict(self._gauges()))

    async def connect(self) -> None:
        """Begin what lives in the event loop that serves, before its first call."""
        self._lag.begin()
        if self._beside is not None:
            await self._beside.begin()

    async def disconnect(self) -> None:
        """End the gateway's own calls and close the connections, in the event loop that they belong to."""
        await self.gateway.own_calls.close()
        self._lag.end()
        await self._client.close()
        if self._ending is not None:
            await self._ending()
        if self._beside is not None:
            await self._beside.end()

    def close(self) -> None:
        """Hand on what is still to be recorded, once no more calls come."""
        self.recorder.close()
        self.tenants.write_uses(is_last=True)
        self.operations.close()
        if self._closing is not None:
            self._closing()

    def guards_of(self, call: Call) -> GuardsConfig:
        """Return what guards the runs that make this call, by its project's configuration."""
        serving = self.tenants.get(call.identity.project)
        return self.config.guards if serving is None else serving.guards_of(call)

    async def _metrics(self, scope: Mapping[str, Any], send: Send) -> None:
        try:
            identity = await self._identify(scope)
            text = await asyncio.to_thread(self.operations.metrics_text)
            if identity.key_id is not None:
                text = shown_to(identity.project, await self._connections_of(identity.project), text)
            answer = Answer(200, (_TEXT,), text.encode())
        except Exception as error:  # noqa: BLE001 - the edge: every error becomes an answer, the unexpected ones logged
            answer = refusal(None, error)
        length = (b"content-length", str(len(answer.body)).encode())
        await send({"type": "http.response.start", "status": answer.status, "headers": [*answer.headers, length]})
        await send({"type": "http.response.body", "body": answer.body})

    async def _connections_of(self, project: ProjectId) -> Collection[str]:
        """Return the connections that a project may know of."""
        try:
            return (await self.tenants.load(project)).config.connections
        except Refused:
            return self.config.connections

    def _written(self, exchanges: Sequence[Exchange]) -> list[Sequence[Any]]:
        """Return calls as the sink takes them, and count their tokens: a step for all of them, then the next."""
        notes: list[Noted] = []
        for exchange in exchanges:
            kept = exchange.recording
            notes.append(noted(exchange, content=kept.content, max_content_bytes=kept.max_content_bytes))
        written = [self._write(exchange, note) for exchange, note in zip(exchanges, notes, strict=True)]
        for exchange, note in zip(exchanges, notes, strict=True):
            self.gateway.metrics.count_tokens(exchange)
            self.gateway.traffic.ended(exchange, note.unsaid)
            self.tenants.note_use(exchange)
        return written

    async def _look(self) -> None:
        """Look for changes in a thread; the call that asks waits for it, but not for a database that is away."""
        if self._looking is not None and not self._looking.done():
            return
        self._looking = asyncio.get_running_loop().run_in_executor(None, self.tenants.look)
        try:
            await asyncio.wait_for(asyncio.shield(self._looking), _PATIENCE_S)
        except TimeoutError:
            _LOG.warning("looking for changes of the configuration takes over %g s; calls go on meanwhile", _PATIENCE_S)

"""A gateway with everything that belongs to it: its configuration's file, its recorder, its metrics.

The file is looked at once a second while there are calls. A new configuration counts from the next call on; one that
cannot be taken changes nothing and is logged, with its faults.
"""

import logging
from collections.abc import Callable, Iterator, Mapping, MutableMapping, Sequence
from pathlib import Path
from typing import Any, Final, cast

from masthead.clock import Clock
from masthead.gateway.app import Gateway
from masthead.gateway.call import Answer, Call, Exchange, Header
from masthead.gateway.config import GatewayConfig, load
from masthead.gateway.config_routes import GuardsConfig
from masthead.gateway.metrics import text_of
from masthead.gateway.reading import Receive, Send
from masthead.gateway.recorder import SpanRecorder
from masthead.gateway.seams import Identify, Recorder, Seams
from masthead.gateway.spans import spans_of
from masthead.gateway.upstream.port import UpstreamClient
from masthead.model.errors import SettingsError
from masthead.model.ports import Sink
from masthead.model.span import Span

_LOG = logging.getLogger(__name__)
_LOOK_S: Final = 1.0
_TEXT: Final[Header] = (b"content-type", b"text/plain; version=0.0.4; charset=utf-8")
MakeSeams = Callable[[GatewayConfig, Identify, Recorder], Seams]
"""Builds what is plugged in, for a configuration; raises `SettingsError` where a secret cannot be read."""


class GatewayService:
    """What is mounted: `/v1/…` and `/metrics`."""

    def __init__(
        self,
        *,
        file: Path,
        make_seams: MakeSeams,
        identify: Identify,
        sink: Sink,
        client: UpstreamClient,
        clock: Clock,
        gauges: Callable[[], Mapping[str, float]] = dict,
        closing: Callable[[], None] | None = None,
    ) -> None:
        self._file = file
        self._make_seams = make_seams
        self._identify = identify
        self._client = client
        self._clock = clock
        self._gauges = gauges
        self._closing = closing
        self.config, self._stamp = _read(file)
        self._routes = {route.model: route for route in self.config.routes}
        self.recorder = SpanRecorder(sink, self._spans, clock)
        self._looked_s = clock.monotonic_s()
        self.gateway = Gateway(
            make_seams(self.config, identify, self.recorder),
            client,
            clock,
            max_body_bytes=self.config.max_body_bytes,
            max_answer_bytes=self.config.max_answer_bytes,
            max_kept_bytes=self.config.recording.max_content_bytes,
        )

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """Answer one request."""
        now_s = self._clock.monotonic_s()
        if now_s - self._looked_s >= _LOOK_S:
            self._looked_s = now_s
            self._look()
        if scope["path"] == "/metrics":
            await self._metrics(scope, send)
            return
        await self.gateway(scope, receive, send)

    def metrics_text(self) -> str:
        """Return the metrics, the recorder's included."""
        counters = self.recorder.counters()
        own = {
            "masthead_gateway_recorded_total": counters.recorded,
            "masthead_gateway_records_lost_total": counters.lost,
            "masthead_gateway_records_thinned_total": counters.thinned,
            "masthead_gateway_records_queued": counters.queued,
            "masthead_gateway_records_queued_bytes": counters.queued_bytes,
        }
        return text_of(self.gateway.metrics, own | dict(self._gauges()))

    async def disconnect(self) -> None:
        """Close the upstream connections, in the event loop that they belong to."""
        await self._client.close()

    def close(self) -> None:
        """Hand on what is still to be recorded, once no more calls come."""
        self.recorder.close()
        if self._closing is not None:
            self._closing()

    def guards_of(self, call: Call) -> GuardsConfig:
        """Return what guards the runs that make this call: its route's guards, else those of all routes."""
        route = self._routes.get(call.model)
        return self.config.guards if route is None or route.guards is None else route.guards

    async def _metrics(self, scope: Mapping[str, Any], send: Send) -> None:
        try:
            await self._identify(scope)
            answer = Answer(200, (_TEXT,), self.metrics_text().encode())
        except Exception as error:  # noqa: BLE001 - the edge: an unknown caller is told so
            answer = Answer(401, (_TEXT,), str(error).encode())
        length = (b"content-length", str(len(answer.body)).encode())
        await send({"type": "http.response.start", "status": answer.status, "headers": [*answer.headers, length]})
        await send({"type": "http.response.body", "body": answer.body})

    def _spans(self, exchange: Exchange) -> Sequence[Span]:
        """Return a call's spans, and count its tokens; runs in the recorder's thread."""
        kept = self.config.recording
        spans = spans_of(exchange, content=kept.content, max_content_bytes=kept.max_content_bytes)
        self.gateway.metrics.count_tokens(spans[0].attributes)
        return spans

    def _look(self) -> None:
        if _stamp_of(self._file) == self._stamp:
            return
        try:
            config, stamp = _read(self._file)
            seams = self._make_seams(config, self._identify, self.recorder)
        except SettingsError as error:
            self._stamp = _stamp_of(self._file)
            _LOG.error("the gateway keeps its configuration: %s", error)
            return
        changes = list(differences(self.config.model_dump(mode="json"), config.model_dump(mode="json")))
        _LOG.warning("the gateway's configuration changed: %s", "; ".join(changes) or "nothing that counts")
        self.config, self._stamp = config, stamp
        self._routes = {route.model: route for route in config.routes}
        self.gateway.configure(
            seams,
            max_body_bytes=config.max_body_bytes,
            max_answer_bytes=config.max_answer_bytes,
            max_kept_bytes=config.recording.max_content_bytes,
        )


def differences(before: object, after: object, where: str = "") -> Iterator[str]:
    """Yield what changed between two configurations, one line a value. Secrets are references, so none is told."""
    if isinstance(before, dict) and isinstance(after, dict):
        before, after = cast("dict[str, object]", before), cast("dict[str, object]", after)
        for name in dict.fromkeys((*before, *after)):
            place = f"{where}.{name}" if where else name
            if name not in before:
                yield f"{place} added"
            elif name not in after:
                yield f"{place} removed"
            else:
                yield from differences(before[name], after[name], place)
    elif before != after:
        yield f"{where}: {before!r} → {after!r}"


def _read(file: Path) -> "tuple[GatewayConfig, tuple[int, int] | None]":
    stamp = _stamp_of(file)
    return (GatewayConfig() if stamp is None else load(file)), stamp


def _stamp_of(file: Path) -> tuple[int, int] | None:
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size

"""A collector on loopback that keeps the OTLP requests it gets, and a plain decoder of them into spans."""

import gzip
import threading
from base64 import b64encode
from collections.abc import Iterable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Final, NamedTuple, Self, cast

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.trace.v1 import trace_pb2

from masthead.model.ids import RunId, SpanId
from masthead.model.span import AttributeValue, Span, SpanEvent, SpanKind, SpanStatus

_KINDS: Final[tuple[SpanKind, ...]] = ("unspecified", "internal", "server", "client", "producer", "consumer")
_STATUSES: Final[tuple[SpanStatus, ...]] = ("unset", "ok", "error")


class Captured(NamedTuple):
    """One request as it came, its body decompressed."""

    path: str
    headers: Mapping[str, str]
    body: bytes


class OtlpCapture:
    """Takes every POST with 200 while its `with` block lasts, and keeps it."""

    def __init__(self) -> None:
        self.requests: list[Captured] = []
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.requests = self.requests
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    @property
    def url(self) -> str:
        """The address to point an exporter at, without a path."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def traces(self) -> bytes:
        """Return all trace requests as one: OTLP requests in protobuf join by concatenation."""
        return b"".join(request.body for request in self.requests if request.path.endswith("/v1/traces"))


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    requests: list[Captured]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        if self.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        cast("_Server", self.server).requests.append(Captured(self.path, dict(self.headers.items()), body))
        answer = ExportTraceServiceResponse().SerializeToString()
        self.send_response(200)
        self.send_header("Content-Type", "application/x-protobuf")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's parameter
        """Print nothing."""


def spans_in(body: bytes) -> list[Span]:
    """Decode an OTLP protobuf request. Plain rather than fast: the door has a decoder of its own."""
    request = ExportTraceServiceRequest.FromString(body)
    return [
        _span(span, _attributes(resource.resource.attributes), scoped.scope.name, scoped.scope.version)
        for resource in request.resource_spans
        for scoped in resource.scope_spans
        for span in scoped.spans
    ]


def _span(span: trace_pb2.Span, resource: dict[str, AttributeValue], scope: str, version: str) -> Span:
    return Span(
        trace_id=RunId(span.trace_id.hex()),
        span_id=SpanId(span.span_id.hex()),
        parent_span_id=SpanId(span.parent_span_id.hex()) if span.parent_span_id else None,
        name=span.name,
        kind=_KINDS[span.kind],
        start_ns=span.start_time_unix_nano,
        end_ns=span.end_time_unix_nano,
        status=_STATUSES[span.status.code],
        status_message=span.status.message or None,
        attributes=_attributes(span.attributes),
        events=tuple(
            SpanEvent(name=event.name, time_ns=event.time_unix_nano, attributes=_attributes(event.attributes))
            for event in span.events
        ),
        resource=resource,
        scope_name=scope or None,
        scope_version=version or None,
    )


def _attributes(pairs: Iterable[KeyValue]) -> dict[str, AttributeValue]:
    return {pair.key: _value(pair.value) for pair in pairs}


def _value(value: AnyValue) -> AttributeValue:
    match value.WhichOneof("value"):
        case "string_value":
            return value.string_value
        case "bool_value":
            return value.bool_value
        case "int_value":
            return value.int_value
        case "double_value":
            return value.double_value
        case "array_value":
            return [_value(item) for item in value.array_value.values]
        case "kvlist_value":
            return _attributes(value.kvlist_value.values)
        case "bytes_value":
            return b64encode(value.bytes_value).decode()
        case _:
            return None

"""Sends what is recorded to Masthead, through the OpenTelemetry SDK."""

import atexit
from collections.abc import Mapping

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter

from masthead.record.quiet import quietly

DEFAULT_ENDPOINT = "http://127.0.0.1:8765"
_QUEUE_SPANS = 32_768
_DELAY_MS = 500


@quietly
def init(
    *,
    endpoint: str = DEFAULT_ENDPOINT,
    api_key: str | None = None,
    project: str | None = None,
    service_name: str = "agents",
    resource: Mapping[str, str] | None = None,
    exporter: SpanExporter | None = None,
) -> None:
    """Send this program's spans to the Masthead server at `endpoint`; call it once, at the start.

    Where the program already has an OpenTelemetry SDK provider, Masthead is added to it; else one is set up. Spans
    leave from a thread of their own, in batches, gzipped; when the server is away they are retried and then dropped
    with a warning, and the program is never held up. `exporter` replaces the network, for tests.
    """
    destination = exporter or _exporter(endpoint, api_key, project)
    processor = BatchSpanProcessor(destination, max_queue_size=_QUEUE_SPANS, schedule_delay_millis=_DELAY_MS)
    provider = trace.get_tracer_provider()
    if not isinstance(provider, TracerProvider):
        provider = TracerProvider(resource=Resource.create({"service.name": service_name, **(resource or {})}))
        trace.set_tracer_provider(provider)
    provider.add_span_processor(processor)
    atexit.register(processor.shutdown)


@quietly
def flush(timeout_s: float = 10.0) -> bool:
    """Wait until what was recorded has been sent; False where it was not within the time."""
    provider = trace.get_tracer_provider()
    return isinstance(provider, TracerProvider) and provider.force_flush(int(timeout_s * 1000))


def _exporter(endpoint: str, api_key: str | None, project: str | None) -> SpanExporter:
    headers = {"X-Masthead-Project": project} if project else {}
    if api_key:
        headers["Authorization"] = f"Bearer {api_key}"
    return OTLPSpanExporter(f"{endpoint.rstrip('/')}/v1/traces", headers=headers, compression=Compression.Gzip)

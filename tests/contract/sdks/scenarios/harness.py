"""Runs one scenario of a real SDK: a scripted model, a collector, an exporter between; the OTLP body goes to a file."""

import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

from masthead.testing.otlp_capture import OtlpCapture
from masthead.testing.scripted_model import Script, ScriptedModel, ScriptedReply


def provider_for(collector_url: str, service: str) -> TracerProvider:
    """Return a provider that exports real OTLP over HTTP to the collector."""
    provider = TracerProvider(resource=Resource.create({"service.name": service}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=f"{collector_url}/v1/traces")))
    return provider


def record(script: Script | Sequence[ScriptedReply], scenario: Callable[[str, str], None]) -> None:
    """Call `scenario(model_url, collector_url)`; write what the collector got to the file on the command line."""
    with ScriptedModel(script) as model, OtlpCapture() as collector:
        scenario(model.url, collector.url)
        Path(sys.argv[1]).write_bytes(collector.traces())

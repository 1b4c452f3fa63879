"""The same LangGraph supervisor under `traceloop-sdk`, with its LangChain instrumentation."""

# The SDK is typed in part.
# pyright: reportUnknownMemberType=false
import os

os.environ.update({"TRACELOOP_TELEMETRY": "false", "TRACELOOP_METRICS_ENABLED": "false"})

from harness import record
from langgraph_supervisor_team import ask, script, team
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from traceloop.sdk import Traceloop
from traceloop.sdk.instruments import Instruments


def scenario(model_url: str, collector_url: str) -> None:
    Traceloop.init(
        app_name="headcount-app",
        exporter=OTLPSpanExporter(endpoint=f"{collector_url}/v1/traces"),
        disable_batch=True,
        telemetry_enabled=False,
        instruments={Instruments.LANGCHAIN},
    )
    Traceloop.set_association_properties({"user_id": "u-7", "plan": "free"})
    ask(team(model_url))


if __name__ == "__main__":
    record(script, scenario)

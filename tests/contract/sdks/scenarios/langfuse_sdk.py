"""The Langfuse SDK pointed at us: an agent, a generation, a tool that fails, a second agent; user, session and tags."""

import os
import sys
from pathlib import Path

from langfuse import Langfuse, propagate_attributes

from masthead.testing.otlp_capture import OtlpCapture


def scenario(collector_url: str) -> None:
    langfuse = Langfuse(public_key="pk-lf-1", secret_key="sk-lf-1", base_url=collector_url, flush_at=1)
    with langfuse.start_as_current_observation(as_type="span", name="trip", input="Plan a day in Rome.") as root:
        with propagate_attributes(user_id="u-7", session_id="s-9", tags=["beta"], metadata={"plan": "free"}):
            with langfuse.start_as_current_observation(as_type="agent", name="planner", input="Plan a day in Rome."):
                with langfuse.start_as_current_observation(
                    as_type="generation",
                    name="plan",
                    model="gpt-4o-mini",
                    input=[
                        {"role": "system", "content": "You plan trips."},
                        {"role": "user", "content": "Plan a day in Rome."},
                    ],
                ) as generation:
                    call = {"name": "weather", "arguments": '{"city": "Rome"}'}
                    tool_calls = [{"id": "call_w", "type": "function", "function": call}]
                    generation.update(
                        output={"role": "assistant", "content": "First the weather.", "tool_calls": tool_calls},
                        usage_details={"input": 25, "output": 7, "total": 32},
                        cost_details={"input": 0.00001, "output": 0.00002, "total": 0.00003},
                    )
                with langfuse.start_as_current_observation(
                    as_type="tool", name="weather", input={"city": "Rome"}
                ) as tool:
                    tool.update(output="timeout", level="ERROR", status_message="weather service timed out")
            with langfuse.start_as_current_observation(as_type="agent", name="writer", input="Write it up.") as writer:
                with langfuse.start_as_current_observation(
                    as_type="generation", name="write", model="gpt-4o-mini", input="Write it up."
                ) as generation:
                    generation.update(output="A day in Rome: …", usage_details={"input": 12, "output": 6})
                writer.update(output="A day in Rome: …")
        root.update(output="A day in Rome: …")
    langfuse.flush()


if __name__ == "__main__":
    os.environ["LANGFUSE_TRACING_ENVIRONMENT"] = "test"
    if sys.argv[1].startswith("http://"):
        scenario(sys.argv[1])
    else:
        with OtlpCapture() as collector:
            scenario(collector.url)
            Path(sys.argv[1]).write_bytes(collector.traces())

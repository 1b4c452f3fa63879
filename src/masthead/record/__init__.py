"""What runs inside a user's program: `init()` and recordings (context managers that are decorators too).

It never raises into that program, never blocks it on the network, and is a no-op until `init()` (or another
OpenTelemetry set-up) provides somewhere for spans to go.
"""

from masthead.record.recording import Recording, span
from masthead.record.setup import flush, init
from masthead.record.steps import AgentStep, LlmStep, RunStep, ToolStep, agent, handoff, llm, run, tool

__all__ = [
    "AgentStep", "LlmStep", "Recording", "RunStep", "ToolStep", "agent", "flush", "handoff", "init", "llm", "run",
    "span", "tool",
]  # fmt: skip

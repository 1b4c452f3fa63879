"""Identifiers. They are strings with a name of their own, so that one cannot be passed for another."""

from typing import NewType

ProjectId = NewType("ProjectId", str)
"""The tenant: no row, key, file or query crosses it. Lower-case letters, digits and dashes, 1 to 64 characters."""

RunId = NewType("RunId", str)
"""One execution of an agent system: the trace id, 32 lower-case hexadecimal characters."""

SpanId = NewType("SpanId", str)
"""One operation of a run: 16 lower-case hexadecimal characters."""

AgentId = NewType("AgentId", str)
"""What identifies an agent within a run: the instrumentation's own agent id where it gives one, else the name."""

EvaluatorId = NewType("EvaluatorId", str)
"""A detector, judge, jury or person that writes scores."""

Code = NewType("Code", str)
"""A failure mode's stable id in its codebook, such as `FM-1.3`."""

DEFAULT_PROJECT = ProjectId("default")

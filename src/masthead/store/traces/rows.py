"""One span as the table has it."""

from decimal import Decimal
from typing import NamedTuple


class SpanRow(NamedTuple):
    """One span as the table has it. None and '' are unknown; JSON is UTF-8 text; times are Unix nanoseconds."""

    project: str
    run_id: bytes
    """The trace id, 16 bytes."""
    span_id: bytes
    """8 bytes."""
    parent_span_id: bytes
    """8 bytes, or empty for a root."""
    name: str
    kind: int
    """As OTLP numbers it: 0 unspecified … 5 consumer."""
    start_ns: int
    end_ns: int
    status: int
    """As OTLP numbers it: 0 unset, 1 ok, 2 error."""
    status_message: str | None = None
    scope_name: str | None = None
    scope_version: str | None = None
    attributes: bytes = b"{}"
    events: bytes = b""
    """A JSON list of `{"name", "time_ns", "attributes"}`, or empty."""
    links: bytes = b""
    """A JSON list of `{"trace_id", "span_id", "attributes"}`, or empty."""
    resource: bytes = b"{}"
    operation: str = "other"
    agent_id: str | None = None
    agent: str | None = None
    model: str | None = None
    provider: str | None = None
    tool: str | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    cache_read_tokens: int | None = None
    cache_write_tokens: int | None = None
    reasoning_tokens: int | None = None
    session_id: str | None = None
    user_id: str | None = None
    tags: tuple[str, ...] = ()
    metadata: dict[str, str] = {}  # noqa: RUF012 - a default that nobody changes
    task: str | None = None
    system: str | None = None
    outcome: str | None = None
    cost_usd: Decimal | None = None
    price_version: str | None = None
    is_error: bool = False
    """Whether the reader takes the span for failed: `status`, but for exceptions that only steer a graph."""
    is_dated: bool = True
    """False where the times are made up, because the log has none."""

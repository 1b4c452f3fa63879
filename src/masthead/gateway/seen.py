"""What people see of a gateway's traffic: a call, and how a target fares. Data alone; `traffic.py` fills it."""

import msgspec


class CallSeen(msgspec.Struct, kw_only=True, frozen=True, gc=False):
    """One call. What is not known, or not known yet, is None."""

    run_id: str
    span_id: str
    start_ns: int
    end_ns: int | None = None
    """None while it is under way."""
    endpoint: str
    key_id: str | None = None
    key: str | None = None
    """The key's name."""
    agent: str | None = None
    user: str | None = None
    model_asked: str
    model: str | None = None
    """As the target names it."""
    connection: str | None = None
    status: int | None = None
    error: str | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    cache_read_tokens: int | None = None
    first_chunk_s: float | None = None
    is_stream: bool = False
    tries: int = 0
    cache: str | None = None
    guard: str | None = None
    """What the guards did: `recorded`, `warned`, `corrected` or `stopped`."""
    purpose: str | None = None
    """`shadow` or `cache` where no client asked for the call."""


class TargetSeen(msgspec.Struct, kw_only=True):
    """How one target fared since the start of the process."""

    connection: str
    model: str
    calls: int = 0
    """Tries that ended."""
    errors: dict[str, int] = {}
    """By kind of failure, as routes' `fall_back_on` names them; `other` for what was the caller's own."""
    latencies_s: tuple[float, ...] = ()
    """Of its latest good answers, whole."""
    last_error: str | None = None
    last_error_ns: int | None = None
    last_ns: int = 0

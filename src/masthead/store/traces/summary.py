"""A run's summary, kept up span by span in memory: the same figures that `summarise` computes in SQL."""

from collections.abc import Sequence

from masthead.store.traces import native
from masthead.store.traces.rows import SpanRow

_CALLS = frozenset({"llm", "embedding"})
_LLM, _TOOL = "llm", "tool"


def _plus(total: int | None, value: int | None) -> int | None:
    if value is None:
        return total
    return value if total is None else total + value


class _Part:
    """The share of one agent and model. Money is counted in units of 10⁻¹² dollars."""

    __slots__ = ("cost", "errors", "input", "llm_calls", "output", "spans", "unpriced")

    def __init__(self) -> None:
        self.spans = self.llm_calls = self.errors = self.unpriced = 0
        self.input: int | None = None
        self.output: int | None = None
        self.cost: int | None = None


class RunSummary:
    """What is known of a run from the spans seen so far, each counted once."""

    __slots__ = (
        "_first",
        "_is_first_error",
        "_other",
        "_parts",
        "_tags",
        "_told",
        "end_ns",
        "is_dated",
        "kept_until",
        "metadata",
        "name",
        "project",
        "received_ns",
        "run_id",
        "seen",
        "start_ns",
        "tool_calls",
    )

    def __init__(self, project: str, run_id: bytes) -> None:
        self.project = project
        self.run_id = run_id
        self.seen: set[bytes] = set()
        self.name = ""
        self.start_ns = 1 << 63
        self.end_ns = -(1 << 63)
        self.is_dated = True
        self.tool_calls = 0
        self.received_ns = 0
        self.kept_until = 0
        self.metadata: dict[str, str] = {}
        self._first: tuple[bool, int, bytes] = (True, 1 << 63, b"")
        self._is_first_error = False
        self._told: dict[str, tuple[tuple[bool, int, bytes], str]] = {}
        self._tags: set[str] = set()
        self._parts: dict[tuple[str, str], _Part] = {}
        self._other = _Part()

    def add(self, row: SpanRow, *, received_ns: int, kept_until: int) -> bool:
        """Count a span; False, and nothing counted, where its id was seen before."""
        if row.span_id in self.seen:
            return False
        self.seen.add(row.span_id)
        start_ns = row.start_ns
        place = (bool(row.parent_span_id.strip(b"\0")), start_ns, row.span_id)
        if place < self._first or len(self.seen) == 1:
            self._first, self._is_first_error, self.name = place, row.is_error, row.name
        self.start_ns = min(self.start_ns, start_ns)
        self.end_ns = max(self.end_ns, start_ns, row.end_ns)
        self.is_dated = self.is_dated and row.is_dated
        self.received_ns = max(self.received_ns, received_ns)
        self.kept_until = max(self.kept_until, kept_until)
        self._count(row)
        for name in ("system", "task", "outcome", "session_id", "user_id"):
            value: str | None = getattr(row, name)
            if value and (name not in self._told or place < self._told[name][0]):
                self._told[name] = (place, value)
        if row.tags:
            self._tags.update(row.tags)
        if row.metadata and ("metadata" not in self._told or place < self._told["metadata"][0]):
            self._told["metadata"] = (place, "")
            self.metadata = row.metadata
        return True

    def _count(self, row: SpanRow) -> None:
        key = (row.agent or "", row.model or "")
        part = self._parts.get(key)
        if part is None:
            part = self._parts[key] = _Part()
        part.spans += 1
        part.errors += row.is_error
        self.tool_calls += row.operation == _TOOL
        cost = None if row.cost_usd is None else native.units(row.cost_usd)
        if row.operation not in _CALLS:
            if row.input_tokens is not None or row.output_tokens is not None or cost is not None:
                other = self._other
                other.input = _plus(other.input, row.input_tokens)
                other.output = _plus(other.output, row.output_tokens)
                other.cost = _plus(other.cost, cost)
            return
        part.llm_calls += row.operation == _LLM
        part.input = _plus(part.input, row.input_tokens)
        part.output = _plus(part.output, row.output_tokens)
        part.cost = _plus(part.cost, cost)
        part.unpriced += cost is None and not (row.input_tokens is None and row.output_tokens is None)

    @property
    def duration_ns(self) -> int | None:
        """From the first start to the last end, or None where they are made up."""
        return self.end_ns - self.start_ns if self.is_dated else None

    @property
    def outcome(self) -> str:
        """What the record says, else `error` where the root broke off with one."""
        if "outcome" in self._told:
            return self._told["outcome"][1]
        return "error" if not self._first[0] and self._is_first_error else ""

    def told(self, name: str) -> str:
        """Return what the earliest span that says so calls the system, task, session or user; '' if none does."""
        return self._told[name][1] if name in self._told else ""

    @property
    def agents(self) -> list[str]:
        """Names, sorted."""
        return sorted({agent for agent, _ in self._parts if agent})

    @property
    def models(self) -> list[str]:
        """Names, sorted."""
        return sorted({model for _, model in self._parts if model})

    @property
    def tags(self) -> list[str]:
        """Sorted."""
        return sorted(self._tags)

    @property
    def parts(self) -> list[tuple[str, str, _Part]]:
        """By agent and model."""
        return [(*key, self._parts[key]) for key in sorted(self._parts)]

    def total(self, name: str) -> int | None:
        """Add up `input`, `output` or `cost` of the model calls; of the other spans where no call has one."""
        total: int | None = None
        for part in self._parts.values():
            total = _plus(total, getattr(part, name))
        return getattr(self._other, name) if total is None else total

    def count(self, name: str) -> int:
        """Add up `spans`, `llm_calls` or `errors`."""
        return sum(getattr(part, name) for part in self._parts.values())


def block(runs: Sequence[RunSummary]) -> bytes:
    """Encode summaries as rows of the table `runs`."""
    parts = [part for run in runs for part in run.parts]
    shares = [share for _, _, share in parts]
    words, int64s, uint32s = native.words, native.int64s, native.uint32s
    by_part = (
        native.ends([run.parts for run in runs]),
        words([agent for agent, _, _ in parts]),
        words([model for _, model, _ in parts]),
        *(uint32s([getattr(share, name) for share in shares]) for name in ("spans", "llm_calls", "errors", "unpriced")),
        *(native.nullable_int64s([getattr(share, name) for share in shares]) for name in ("input", "output")),
        native.nullable_units([share.cost for share in shares]),
    )
    return native.block(
        len(runs),
        (
            ("project_id", "String", words([run.project for run in runs])),
            ("run_id", "FixedString(16)", native.fixed([run.run_id for run in runs])),
            ("name", "String", words([run.name for run in runs])),
            ("start_ns", "Int64", int64s([run.start_ns for run in runs])),
            ("end_ns", "Int64", int64s([run.end_ns for run in runs])),
            ("duration_ns", "Nullable(Int64)", native.nullable_int64s([run.duration_ns for run in runs])),
            ("outcome", "String", words([run.outcome for run in runs])),
            *(
                (name, "String", words([run.told(name) for run in runs]))
                for name in ("system", "task", "session_id", "user_id")
            ),
            *(
                (name, "UInt32", uint32s([run.count(name) for run in runs]))
                for name in ("spans", "llm_calls", "errors")
            ),
            ("tool_calls", "UInt32", uint32s([run.tool_calls for run in runs])),
            *(
                (name, "Array(String)", native.word_lists([getattr(run, name) for run in runs]))
                for name in ("agents", "models", "tags")
            ),
            ("input_tokens", "Nullable(Int64)", native.nullable_int64s([run.total("input") for run in runs])),
            ("output_tokens", "Nullable(Int64)", native.nullable_int64s([run.total("output") for run in runs])),
            ("cost_usd", "Nullable(Decimal(38, 12))", native.nullable_units([run.total("cost") for run in runs])),
            ("metadata", "Map(String, String)", native.word_maps([run.metadata for run in runs])),
            ("parts", _PARTS, b"".join(by_part)),
            ("received_ns", "Int64", int64s([run.received_ns for run in runs])),
            ("kept_until", "DateTime('UTC')", uint32s([run.kept_until for run in runs])),
        ),
    )


_PARTS = (
    "Array(Tuple(agent String, model String, spans UInt32, llm_calls UInt32, errors UInt32, unpriced UInt32, "
    "input_tokens Nullable(Int64), output_tokens Nullable(Int64), cost_usd Nullable(Decimal(38, 12))))"
)

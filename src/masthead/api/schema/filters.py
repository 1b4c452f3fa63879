"""The one filter that lists of runs, facets and statistics share, as query parameters."""

from decimal import Decimal
from typing import Annotated

from pydantic import Field

from masthead.api.schema.base import Input
from masthead.model.errors import InvalidInput
from masthead.model.run import Outcome, RunFilter
from masthead.model.times import parse_rfc3339

_Word = Annotated[str, Field(min_length=1, max_length=1000)]
_Count = Annotated[int, Field(ge=0, le=2**63 - 1)]
_Seconds = Annotated[float, Field(ge=0, le=1e10, allow_inf_nan=False)]
_Money = Annotated[Decimal, Field(ge=0, max_digits=24, decimal_places=12, allow_inf_nan=False)]


class RunFilterQuery(Input):
    """What runs are narrowed to; leaving a parameter out means any."""

    since: str | None = None
    """Runs that started at or after this RFC 3339 time (or date, UTC)."""
    until: str | None = None
    """Runs that started before this RFC 3339 time."""
    agent: _Word | None = None
    """An agent that took part, by name."""
    model: _Word | None = None
    """A model that was called."""
    system: _Word | None = None
    """The agent system: framework, design or service."""
    outcome: Outcome | None = None
    """`success` and `failure` as the record says; `error` where the run broke off."""
    has_error: bool | None = None
    """Whether any span of the run has an error."""
    min_cost_usd: _Money | None = None
    """Runs that cost at least this much; those of unknown cost are left out."""
    max_cost_usd: _Money | None = None
    """Runs that cost at most this much; those of unknown cost are left out."""
    min_tokens: _Count | None = None
    """At least so many input and output tokens together."""
    max_tokens: _Count | None = None
    """At most so many."""
    min_duration_s: _Seconds | None = None
    """Runs that took at least so many seconds."""
    max_duration_s: _Seconds | None = None
    """Runs that took at most so many seconds."""
    text: _Word | None = None
    """A substring, case-insensitive, of anything that was said in the run."""
    code: _Word | None = None
    """A failure mode that the run's diagnosis found, such as `FM-1.3`."""
    origin_agent: _Word | None = None
    """The agent with whom the failure began, as the run's diagnosis has it."""
    about: _Word | None = None
    """A substring, case-insensitive, of the task or name, or of an agent, model, system or tag."""
    session_id: _Word | None = None
    """The session or thread that the run belongs to."""
    user_id: _Word | None = None
    """The end user for whom it ran."""
    run_id_prefix: Annotated[str, Field(pattern=r"^[0-9a-f]{1,32}$")] | None = None
    """The first characters of the run's id."""
    tag: _Word | None = None
    """A tag that the run carries."""
    metadata: Annotated[tuple[_Word, ...], Field(max_length=20)] = ()
    """`key=value` of the run's metadata; may be repeated, all must hold."""

    def filter(self) -> RunFilter:
        """Return what the store is asked.

        Raises:
            InvalidInput: a time or a metadata pair cannot be read, or a range is empty.
        """
        since_ns, until_ns = time_range(self.since, self.until)
        _check_range("min_cost_usd", self.min_cost_usd, "max_cost_usd", self.max_cost_usd)
        _check_range("min_tokens", self.min_tokens, "max_tokens", self.max_tokens)
        _check_range("min_duration_s", self.min_duration_s, "max_duration_s", self.max_duration_s)
        return RunFilter(
            since_ns=since_ns,
            until_ns=until_ns,
            agent=self.agent,
            model=self.model,
            system=self.system,
            outcome=self.outcome,
            has_error=self.has_error,
            min_cost_usd=self.min_cost_usd,
            max_cost_usd=self.max_cost_usd,
            min_tokens=self.min_tokens,
            max_tokens=self.max_tokens,
            min_duration_s=self.min_duration_s,
            max_duration_s=self.max_duration_s,
            text=self.text,
            about=self.about,
            code=self.code,
            origin_agent=self.origin_agent,
            session_id=self.session_id,
            user_id=self.user_id,
            tag=self.tag,
            run_id_prefix=self.run_id_prefix,
            metadata=tuple(_pair(entry) for entry in self.metadata),
        )


def time_range(since: str | None, until: str | None) -> tuple[int | None, int | None]:
    """Read a window of time; either end may be open.

    Raises:
        InvalidInput: a time cannot be read, or the window ends before it begins.
    """
    since_ns = parse_rfc3339(since, where="since") if since is not None else None
    until_ns = parse_rfc3339(until, where="until") if until is not None else None
    _check_range("since", since_ns, "until", until_ns)
    return since_ns, until_ns


def _pair(entry: str) -> tuple[str, str]:
    key, equals, value = entry.partition("=")
    if not equals or not key:
        raise InvalidInput(f"{entry!r} is no pair; write it as key=value", where="metadata")
    return key, value


def _check_range(low_name: str, low: float | Decimal | None, high_name: str, high: float | Decimal | None) -> None:
    if low is not None and high is not None and low > high:
        raise InvalidInput(f"{low_name} is above {high_name}, so nothing can match; swap them", where=low_name)

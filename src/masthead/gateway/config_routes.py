"""The parts of the gateway's configuration that are policy: routes, their failures, guards on runs, limits, cache."""

from decimal import Decimal
from typing import Annotated, Final, Literal

from pydantic import Field, StringConstraints, field_validator

from masthead.detect.registry import entries
from masthead.gateway.config_part import Part
from masthead.gateway.policy.expression import Expression
from masthead.model.tenancy import Window

Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_.-]{0,63}$")]
Subject = Literal["project", "key", "user", "agent", "run", "model"]
Failure = Literal["connect", "timeout", "broken", "overloaded", "server", "rate", "credential", "context"]

ALL_FAILURES: Final[tuple[Failure, ...]] = (
    "connect", "timeout", "broken", "overloaded", "server", "rate", "credential", "context",
)  # fmt: skip


class TargetConfig(Part):
    """One place where a route's calls may go."""

    connection: Name
    """The connection's name."""

    model: str | None = None
    """The model's name there; unset means the one that was asked for."""

    weight: float = Field(default=1.0, ge=0)
    """Its share of the calls, where the route picks by weight; 0 means only where the others fail."""

    system: Annotated[str, StringConstraints(min_length=1, max_length=100_000)] | None = None
    """A system prompt that calls get here in place of their own: an experiment with prompts. Unset leaves theirs."""

    variant: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")] | None = None
    """What an experiment calls this target: a tag of the runs that were answered here, by which they are compared.
    Unset means none, or, where `system` is set, a name made of its digest."""

    first_byte_s: float | None = Field(default=None, gt=0)
    """How long the first byte of an answer may take here, in seconds; unset means what its connection says."""

    between_chunks_s: float | None = Field(default=None, gt=0)
    """How long a stream may be silent here, in seconds; unset means what its connection says."""

    whole_s: float | None = Field(default=None, gt=0)
    """How long an answer may take here in all, in seconds; unset means what its connection says."""

    when: Annotated[str, StringConstraints(max_length=4096)] | None = None
    """Calls that may go there, as an expression in CEL over `model`, `agent`, `user`, `key`, `endpoint`, `stream`,
    `headers` and `metadata`: `agent == "researcher" || headers["x-tier"] == "gold"`. Unset means all."""

    @field_validator("when")
    @classmethod
    def _check_when(cls, value: str | None) -> str | None:
        if value is not None:
            Expression(value)
        return value


class RetryConfig(Part):
    """What happens when a target fails."""

    times: int = Field(default=1, ge=0, le=10)
    """How often the same target is tried again after a failure that may pass, before the next one is tried."""

    wait_s: float = Field(default=0.25, ge=0, le=60)
    """The first wait before the same target is tried again, in seconds; doubled each time, and up to half as long
    again or shorter by chance. What the provider asks for (Retry-After) counts where it is longer."""

    longest_wait_s: float = Field(default=8.0, ge=0, le=600)
    """A provider that asks for a longer wait is passed over."""

    budget_s: float = Field(default=60.0, gt=0, le=3600)
    """No new try is begun once so much time has passed since the first, in seconds."""

    fall_back_on: tuple[Failure, ...] = ALL_FAILURES
    """The failures after which the next target is tried: `connect`, `timeout`, `broken` (the connection), `rate` (429),
    `overloaded` (503, 529), `server` (other 5xx), `credential` (401, 403, 404), `context` (the call is longer than the
    model can read). Any other refusal is the caller's own and is passed on."""


class BreakerConfig(Part):
    """When a target is set aside."""

    failures: int = Field(default=5, ge=1)
    """So many failures in a row set it aside. A refusal that is the caller's own is none."""

    pause_s: float = Field(default=15.0, gt=0)
    """For so long, in seconds; then one call at a time tries it until one succeeds."""


class RunBudgetConfig(Part):
    """What one run may use up, in all. Unset means any amount."""

    calls: int | None = Field(default=None, gt=0)
    """Calls of a model."""

    tokens: int | None = Field(default=None, gt=0)
    """Tokens, in and out."""

    cost_usd: Decimal | None = Field(default=None, gt=0)
    """US dollars, of the calls whose price is known."""

    seconds: float | None = Field(default=None, gt=0)
    """Seconds since its first call."""

    depth: int | None = Field(default=None, ge=0)
    """How deep agents may be called by agents that wait for them; 0 allows the first ones only."""

    def within(self, other: "RunBudgetConfig") -> "RunBudgetConfig":
        """Return the budgets with no one larger than the other's."""
        both = {name: (getattr(self, name), getattr(other, name)) for name in RunBudgetConfig.model_fields}
        given = {name: [one for one in values if one is not None] for name, values in both.items()}
        return self.model_copy(update={name: min(values) for name, values in given.items() if values})


class GuardsConfig(Part):
    """What happens when a live run repeats itself or uses too much."""

    on_finding: Literal["record", "warn", "correct", "stop"] = "record"
    """`record` notes it in the trace, `warn` also in a response header, `correct` adds a note to the model and stops
    the run where the same detector finds more, `stop` refuses the run's calls from then on."""

    detectors: tuple[str, ...] = ()
    """Which findings this holds for, by detector; empty means those of loops. The others are recorded."""

    run: RunBudgetConfig = RunBudgetConfig()
    """Budgets of a run. Used up, its calls are refused whatever `on_finding` says."""

    @field_validator("detectors")
    @classmethod
    def _check_detectors(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        known = {entry.id for entry in entries()}
        unknown = [one for one in value if one not in known]
        if unknown:
            raise ValueError(f"no detector {unknown[0]!r}; there are {', '.join(sorted(known))}")
        return value


class ShadowConfig(Part):
    """Where copies of a route's calls go, once they were answered."""

    connection: Name
    """The connection's name."""

    model: str | None = None
    """The model's name there; unset means the one that was asked for."""

    share: float = Field(default=1.0, gt=0, le=1)
    """Which part of the calls is copied."""

    bill: bool = False
    """Whether copies count against the limits of the caller. A used-up limit then ends the copies, not the calls."""

    most_in_flight: int = Field(default=8, ge=1, le=1000)
    """So many copies at once; beyond that they are left out and counted."""


class RouteConfig(Part):
    """An alias for targets."""

    model: str
    """What clients call it."""

    targets: tuple[TargetConfig, ...] = Field(min_length=1)
    """Where its calls go."""

    pick: Literal["order", "weight", "latency", "price"] = "order"
    """Which target is tried first: the first one; one by chance, in proportion to the weights; the one that answers
    fastest at present; the cheapest. The others follow where it fails."""

    sticky: Literal["user", "run", "session", "agent"] | None = None
    """Where targets are picked by weight: calls with the same one of these always get the same first target."""

    retry: RetryConfig = RetryConfig()
    """What happens when a target fails."""

    hedge_after_s: float | None = Field(default=None, gt=0)
    """Ask a second target too where nothing of an answer is here after so many seconds; the first good answer counts,
    the other is given up. Unset means never. Only calls that may be made twice: not those with an `idempotency-key`,
    tools that run at the vendor, or work in the background."""

    shadow: ShadowConfig | None = None
    """Another target that gets a copy of a share of the calls, and answers nobody."""

    guards: GuardsConfig | None = None
    """Guards on runs that call it; unset means those of all routes."""


class LimitConfig(Part):
    """One limit. It holds for each subject by itself: `per = "user"` gives every end user as much."""

    per: Subject = "key"
    """Whose calls are counted together. Calls that name no user, agent or key are not limited by such a limit."""

    only: tuple[str, ...] = ()
    """The subjects that it holds for, by name (of keys, by name or id); empty means all."""

    window: Window = "day"
    """How long it counts until it begins anew: by the clock in UTC, or never (`total`)."""

    requests: int | None = Field(default=None, gt=0)
    """Calls."""

    tokens: int | None = Field(default=None, gt=0)
    """Tokens, in and out, as providers count them."""

    cost_usd: Decimal | None = Field(default=None, gt=0)
    """US dollars, of the calls whose price is known."""


class AccessConfig(Part):
    """What a key may ask for."""

    keys: tuple[str, ...] = Field(min_length=1)
    """The keys, by name or id."""

    models: tuple[str, ...] = Field(min_length=1)
    """Models and routes that they may name; `*` stands for anything, as in `gpt-*`."""


class SemanticConfig(Part):
    """Answers to questions that say the same in other words. All but the user's last text must be equal."""

    connection: Name
    """The connection that is asked for embeddings; each is a call that costs."""

    model: str
    """The model of embeddings, as the connection calls it."""

    threshold: float = Field(default=0.95, ge=0.5, le=1)
    """How alike two questions must be: the cosine of their embeddings, at least. What fits depends on the model."""

    wait_s: float = Field(default=2.0, gt=0, le=60)
    """How long a call waits for an embedding; then it goes on without."""


class CacheConfig(Part):
    """Answers that are given again for the same request."""

    is_on: bool = False
    """Off unless switched on."""

    ttl_s: float = Field(default=3600.0, gt=0)
    """How long an answer may be given again, in seconds."""

    per: Literal["project", "user"] = "user"
    """Who shares answers. Never across projects."""

    sampled: bool = False
    """Whether calls whose `temperature` is not 0 are cached too."""

    tool_calls: bool = False
    """Whether calls that offer tools are cached too."""

    most_bytes: int = Field(default=64 * 1024 * 1024, ge=1024)
    """Memory that answers may take, in bytes; those to questions in other words as much again."""

    semantic: SemanticConfig | None = None
    """Also give answers to questions that mean the same; unset means the same request only."""


class RecordingConfig(Part):
    """What is kept of each call."""

    content: Literal["full", "hashed", "off"] = "full"
    """`off` keeps names, times, tokens and costs, and drops what was said; `hashed` keeps its SHA-256 instead. What a
    project's redaction takes out is taken out at the door, as of every span."""

    max_content_bytes: int = Field(default=4 * 1024 * 1024, ge=1024)
    """What is kept of one answer, at most; more is cut and marked so."""

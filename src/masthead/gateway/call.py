"""The nouns of the gateway: who calls, what for, where it is sent, and what came of it.

`Call` is what the client asked and never changes but by `replace`; `Exchange` is the working record that walks down the
pipeline with it: attempts, the answer, and what plugins and guards have to say about it.
"""

from collections.abc import Awaitable, Callable, Mapping
from decimal import Decimal
from types import EllipsisType
from typing import Any, Final, Literal, NamedTuple, cast

import msgspec

from masthead.gateway.config_routes import RecordingConfig
from masthead.gateway.outline import Outline
from masthead.model.errors import InvalidInput
from masthead.model.ids import ProjectId, RunId, SpanId
from masthead.model.reading import Usage
from masthead.model.span import AttributeValue, SpanLink
from masthead.model.tenancy import KeyLimit
from masthead.providers.cards import ModelLimits, unknown_limits
from masthead.providers.dialects import Dialect
from masthead.providers.google_grant import ServiceAccount

Header = tuple[bytes, bytes]
Members = dict[str, msgspec.Raw]
"""The top-level members of a JSON body, each as the bytes that came."""

EVERYTHING: Final = RecordingConfig()
"""Keeps all of a call."""

EndpointName = Literal[
    "chat", "responses", "messages", "count_tokens", "embeddings", "moderations", "models", "passed_through"
]


class Endpoint(NamedTuple):
    """What a client may ask for: one route of one dialect."""

    name: EndpointName
    dialect: Dialect
    path: str
    """Below the upstream's base URL, such as `/chat/completions`."""
    operation: str
    """`gen_ai.operation.name` of its spans."""
    is_model_call: bool = True
    """Whether the body is JSON that names a model."""


class Identity(NamedTuple):
    """Who calls. `key_id` is None for the local caller, who needs no key."""

    project: ProjectId
    key_id: str | None = None
    name: str | None = None
    models: tuple[str, ...] = ()
    """What the key may name, with `*` for anything; empty means any."""
    limits: tuple[KeyLimit, ...] = ()
    """What the key may use up, beside what the configuration says."""


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """One request of a client, with the parts of its body that policy may need."""

    identity: Identity
    endpoint: Endpoint
    model: str
    """As the client named it: a model's name or an alias."""
    is_stream: bool = False
    headers: Mapping[bytes, bytes]
    """The client's, names in lower case."""
    members: Members
    body: bytes
    """What is sent to a same-dialect upstream, when the model's name need not change."""
    method: str = "POST"
    query: bytes = b""
    output_limit: int | None = None
    """A limit of output tokens to be set beside what was asked, in the name that the target's vendor has for it."""

    def member(self, name: str) -> object:
        """Return one top-level member of the body, decoded; None where it is absent or null. Costs its parsing.

        Raises:
            InvalidInput: it holds a number or half a character that cannot be read, or is nested too deep.
        """
        raw = self.members.get(name)
        return None if raw is None else decoded(name, raw)

    def replacing(self, **members: object) -> "Call":
        """Return the call with these top-level members changed; one that is given as `...` is removed."""
        changed = dict(self.members)
        for name, value in members.items():
            if value is ...:
                changed.pop(name, None)
            else:
                changed[name] = value if isinstance(value, msgspec.Raw) else msgspec.Raw(msgspec.json.encode(value))
        return msgspec.structs.replace(self, members=changed, body=msgspec.json.encode(changed))


def decoded(name: str, raw: msgspec.Raw) -> Any:
    """Return a member of a body, decoded; raise `InvalidInput` where it cannot be."""
    try:
        return msgspec.json.decode(raw)
    except (msgspec.DecodeError, RecursionError) as error:
        raise InvalidInput(f"cannot be read: {error}", where=name) from error


class Connection(NamedTuple):
    """A provider's endpoint, with what it takes to speak to it. Holds a secret: never log one."""

    name: str
    provider: str
    """As `gen_ai.provider.name` has it: `openai`, `anthropic`, `aws.bedrock`, …"""
    dialects: tuple[Dialect, ...]
    """What it speaks itself, preferred one first; a call of any other dialect is translated into the first."""
    base_url: str
    secret: str | None
    headers: tuple[Header, ...] = ()
    """Sent with every request, beside the credential."""
    allowed_networks: tuple[str, ...] = ()
    """Private address ranges (CIDR) that its host may resolve to; public ones always may."""
    api_version: str | None = None
    """Azure's."""
    reports_stream_usage: bool = True
    """Whether it understands `stream_options.include_usage` (chat completions)."""
    stored_secret: str | None = None
    """The name of its secret in the project's store, where it stands there."""
    vendor_id: str | None = None
    """The row of `vendors.py`, where `provider` does not tell it: two vendors may have one name in traces."""
    account: ServiceAccount | None = None
    """Whose access tokens are its secret; `grants.py` gets them."""
    fault: str | None = None
    """Why it cannot be asked at present."""

    def __repr__(self) -> str:
        """Show what may be seen: neither the secret nor what is sent in headers."""
        return f"Connection({self.name!r}, {self.base_url!r})"


class Timeouts(NamedTuple):
    """How long an attempt may take, in seconds."""

    connect_s: float = 10.0
    first_byte_s: float = 600.0
    between_chunks_s: float = 120.0
    whole_s: float = 1800.0


class Variant(NamedTuple):
    """What tells a target apart in an experiment."""

    name: str
    system: str | None = None
    """Stands in place of the calls' own system prompt; None leaves that alone."""


class Target(NamedTuple):
    """Where a call may be sent: a connection, and the model's name there."""

    connection: Connection
    model: str
    timeouts: Timeouts = Timeouts()
    limits: Callable[[], ModelLimits | None] = unknown_limits
    """What the catalogue knows of the model's limits, at present: it is read in the background."""
    variant: Variant | None = None
    """What an experiment is about, where it is one."""


FailureKind = Literal[
    "connect", "timeout", "broken", "status", "refused", "nonsense", "abandoned", "unsupported", "secret"
]
"""`abandoned`: given up by the gateway, because the client left or another target answered first, which says nothing of
the target; `unsupported`: its vendor has nothing of that kind, or none for what the call holds; `secret`: that of its
connection is missing."""


class Attempt(msgspec.Struct, kw_only=True):
    """One try at one target. Filled in while it lasts."""

    target: Target
    start_ns: int
    end_ns: int | None = None
    status: int | None = None
    """Of the upstream's answer; None where there was none."""
    failure: FailureKind | None = None
    error: str | None = None
    retry_after_s: float | None = None
    """What the upstream asked for."""
    is_too_long: bool = False
    """Whether it said that the call is longer than the model reads; `error` may not say so, where nothing is kept."""

    @property
    def is_ok(self) -> bool:
        """Whether the upstream answered and accepted the call."""
        return self.failure is None and self.status is not None and self.status < 400


class Answer(NamedTuple):
    """A whole answer in the caller's dialect."""

    status: int
    headers: tuple[Header, ...]
    body: bytes
    outline: Outline | None = None
    """Of the body, where it was read already; who changes the body drops it."""


class Charge(NamedTuple):
    """What a call used up of budgets. `cost_usd` is None where the price is unknown."""

    tokens: int
    cost_usd: Decimal | None


class Verdict(NamedTuple):
    """What a content plugin found in a call or its answer, and did."""

    kind: str
    """The plugin's."""
    at: Literal["request", "response"]
    action: Literal["blocked", "corrected", "recorded", "failed"]
    found: tuple[str, ...] = ()
    """In words that hold nothing of what was said."""


class Exchange(msgspec.Struct, kw_only=True):
    """What happens to one call, from its first byte to its last. One task works on it at a time.

    A struct is made in a quarter of the time that a dataclass of so many fields takes (0.2 and 0.7 µs), and
    `list[Attempt]()` would take 0.3 µs more than `list()`, hence the casts.
    """

    call: Call
    start_ns: int
    trace_id: RunId
    span_id: SpanId
    parent_span_id: SpanId | None = None
    is_joined: bool = False
    """Whether the caller itself said which run this belongs to."""
    sent: Call | None = None
    """What providers are sent in the call's stead; None where that is the call itself. See `outgoing`."""
    veil: "Callable[[Exchange], None] | None" = None
    """Takes out of the finished exchange what is not to be recorded."""
    verdicts: tuple[Verdict, ...] = ()
    """Of content plugins."""
    content: Any = None
    """Kept by `plugins/chain.py`: what its plugins know of this call."""
    attempts: list[Attempt] = msgspec.field(default_factory=cast("type[list[Attempt]]", list))
    attributes: dict[str, AttributeValue] = msgspec.field(default_factory=cast("type[dict[str, AttributeValue]]", dict))
    """What plugins and guards add to the span."""
    headers: list[Header] = msgspec.field(default_factory=cast("type[list[Header]]", list))
    """What they add to the answer."""
    cache_asked: Any = None
    """Kept by `policy/cache.py`: what the answer is kept under."""
    links: tuple[SpanLink, ...] = ()
    """Spans of other runs that this call belongs to."""
    purpose: Literal["shadow", "cache"] | None = None
    """What the gateway itself makes the call for; None where a client asked for it."""
    take_more: Callable[[], Awaitable[bool]] | None = None
    """Takes one more request of the call's limits, where it has any; says whether there was room."""
    status: int | None = None
    """What the caller was answered."""
    answered: list[bytes] = msgspec.field(default_factory=cast("type[list[bytes]]", list))
    """The answer's body in the caller's dialect, as it was sent; of a stream, its events."""
    kept_bytes: int = 0
    is_truncated: bool = False
    """Whether `answered` is not all of it, because it was too long to keep."""
    first_chunk_ns: int | None = None
    end_ns: int | None = None
    error: str | None = None
    """Why the caller did not get all of a good answer."""
    is_client_gone: bool = False
    is_stream_answer: bool = False
    is_reply_known: bool = False
    reply: dict[str, Any] | None = None
    """Kept by `reply.reply_of`, which is how to ask for it."""
    outline: Outline | EllipsisType | None = ...
    """Kept by `reply.outline_of`; `...` here and below where nobody asked yet."""
    usage: Usage | EllipsisType | None = ...
    """Kept by `reply.usage_in`."""
    charge: Charge | EllipsisType | None = ...
    """Kept by `charge.charge_of`."""
    recording: RecordingConfig = EVERYTHING
    """What may be kept of it."""

    @property
    def keeps_content(self) -> bool:
        """Whether what was said may be kept as it is."""
        return self.recording.content == "full"

    @property
    def error_kept(self) -> str | None:
        """`error` in words that may be kept: an upstream's own may repeat what it was asked."""
        return self.error if self.error is None or self.keeps_content else f"HTTP {self.status}"

    @property
    def outgoing(self) -> Call:
        """What any request to a provider is made of: the call, but for what plugins changed or took out of it."""
        return self.call if self.sent is None else self.sent

    @property
    def answered_by(self) -> Attempt | None:
        """The attempt whose answer the caller got; else the last one that was not given up; None where there was none.

        Not always the last one: of two that ran side by side (hedging), either may win.
        """
        if len(self.attempts) == 1:
            return self.attempts[0]
        last: Attempt | None = None
        for attempt in reversed(self.attempts):
            if attempt.is_ok:
                return attempt
            if last is None or (last.failure == "abandoned" and attempt.failure != "abandoned"):
                last = attempt
        return last

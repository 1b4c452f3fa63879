"""Where policy comes into the gateway: ports, which `policy/` and `agents/` fill.

The order for one call: `identify` → `Plugin.before` (in order) → `Router.plan` and its attempts →
`Plugin.filter` or `Plugin.after` (in reverse order) → `Plugin.ended`, `Recorder.record`.

Whatever of this refuses a call raises an error of `model/errors.py` (or `Refused`, to choose the status), which reaches
the client in its own dialect: `InvalidInput` 400, `NotAuthenticated` 401, `NotAllowed` 403, `NotFound` 404, `TooLarge`
413, `Overloaded` 429 with Retry-After.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import NamedTuple, Protocol

from masthead.gateway.call import Answer, Attempt, Call, Exchange, Header, Identity, Target
from masthead.model.errors import MastheadError

Identify = Callable[[Mapping[str, object]], Awaitable[Identity]]
"""Says who calls, given the ASGI scope; raises `NotAuthenticated`, `NotAllowed`, `NotFound` or `Overloaded`."""


class Refused(MastheadError):
    """A call that policy refuses, with the status and the kind of error that the client is told."""

    def __init__(self, message: str, *, status: int, kind: str, headers: tuple[Header, ...] = ()) -> None:
        super().__init__(message)
        self.status = status
        self.kind = kind
        """`error.type` in OpenAI's dialect, `error.type` in Anthropic's."""
        self.headers = headers


class StreamOver(Exception):
    """Raised by a filter that ends a stream before its upstream does, which is then closed at once."""

    def __init__(self, events: bytes, refused: Refused | None = None) -> None:
        super().__init__("a filter ended the stream")
        self.events = events
        """The last ones, as the dialect wants a stream to end unless it is refused."""
        self.refused = refused


class AskAgain(Exception):
    """Raised by `Plugin.after` in place of an answer that will not do; the next one goes through `after` anew."""

    def __init__(self, call: Call) -> None:
        super().__init__("the answer will not do")
        self.call = call
        """What is to be sent."""


class Step(NamedTuple):
    """The next thing to try."""

    target: Target
    delay_s: float = 0.0
    """How long to wait before."""
    hedge_after_s: float | None = None
    """Where nothing of an answer is here after so long, `Plan.hedge` is asked for a second target; None never."""


class Plan(Protocol):
    """The attempts of one call, decided one after the other."""

    def next(self, attempts: Sequence[Attempt]) -> Step | None:
        """Return what to try next, after those that failed; None to give up and pass the last failure on."""
        ...

    def hedge(self) -> Target | None:
        """Return whom to ask beside a target that takes long; None where this call must not be asked twice."""
        ...

    def done(self, attempts: Sequence[Attempt]) -> None:
        """Learn how it ended: for breakers and latencies. Called once, after the last byte."""
        ...


class ModelEntry(NamedTuple):
    """One line of `/v1/models`."""

    id: str
    owned_by: str
    created_s: int = 0


class Router(Protocol):
    """Decides where calls go."""

    def plan(self, exchange: Exchange) -> Plan:
        """Return the plan; raise `NotFound` where nothing serves this model, `NotAllowed` where the key may not ask."""
        ...

    def models(self, identity: Identity) -> Sequence[ModelEntry]:
        """Return what this caller may name as a model."""
        ...


class StreamFilter(Protocol):
    """Changes or stops a stream on its way to the client. Works on whole server-sent events in the client's dialect."""

    def feed(self, events: bytes) -> bytes:
        """Return what is to be sent for these whole events: the same bytes, changed ones, or none yet."""
        ...

    def close(self) -> bytes:
        """Return what is still held back, at the end."""
        ...


class Plugin(Protocol):
    """Sees calls and answers: guards, limits, cache, validators. One object serves all calls."""

    async def before(self, exchange: Exchange) -> Answer | None:
        """Look at the call before it is sent; set `exchange.call` to change it, return an answer to end it here."""
        ...

    def filter(self, exchange: Exchange) -> StreamFilter | None:
        """Return what a stream is to pass through; None leaves its bytes alone, which is fastest."""
        ...

    async def after(self, exchange: Exchange, answer: Answer) -> Answer:
        """Return the whole answer (not a stream) as the client is to get it."""
        ...

    def ended(self, exchange: Exchange) -> None:
        """Learn how it ended, in the event loop, after the last byte was sent."""
        ...


class QuietPlugin:
    """A plugin that does nothing at any step; others take over the steps that they have a part in."""

    async def before(self, exchange: Exchange) -> Answer | None:  # noqa: ARG002 - the port's
        """Let the call pass."""
        return None

    def filter(self, exchange: Exchange) -> StreamFilter | None:  # noqa: ARG002 - the port's
        """Leave streams alone."""
        return None

    async def after(self, exchange: Exchange, answer: Answer) -> Answer:  # noqa: ARG002 - the port's
        """Leave answers alone."""
        return answer

    def ended(self, exchange: Exchange) -> None:
        """Learn nothing."""


class Recorder(Protocol):
    """Keeps what happened."""

    def record(self, *exchanges: Exchange) -> None:
        """Take finished exchanges; return at once, never raise. What cannot be kept is counted."""
        ...


Veil = Callable[[Exchange], None]
"""Takes out of a finished exchange what is not to be recorded. Never raises; may be run in a thread."""


def unveiled(_call: Call) -> Veil | None:
    """Record a call as it is."""
    return None


class Seams:
    """What is plugged in for one project's calls; of each plugin only the steps that it has a part in are taken."""

    __slots__ = ("after", "before", "ended", "filters", "plugins", "recorder", "router", "veil_of")

    def __init__(
        self,
        router: Router,
        recorder: Recorder,
        plugins: tuple[Plugin, ...] = (),
        veil_of: Callable[[Call], Veil | None] = unveiled,
    ) -> None:
        """Put it together; `veil_of` is asked before any plugin sees the call."""
        self.router = router
        self.recorder = recorder
        self.plugins = plugins
        self.veil_of = veil_of
        inwards = plugins[::-1]
        self.before = tuple(one.before for one in plugins if _has_part(one, "before"))
        self.filters = tuple(one.filter for one in inwards if _has_part(one, "filter"))
        self.after = tuple(one.after for one in inwards if _has_part(one, "after"))
        self.ended = tuple(one.ended for one in plugins if _has_part(one, "ended"))


def _has_part(plugin: Plugin, step: str) -> bool:
    return getattr(type(plugin), step, None) is not getattr(QuietPlugin, step)

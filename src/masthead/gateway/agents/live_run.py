"""What is kept of a run while it lasts: plain data, bounded whatever its length, so that a restart can take it up.

What reads and changes it is in `memory`, `marks`, `stitch` and `watch`.
"""

from decimal import Decimal
from typing import Any, Literal

import msgspec

from masthead.gateway.agents.said import Heard, Said
from masthead.model.conversation import Act
from masthead.model.ids import AgentId
from masthead.model.reading import Usage

Link = Literal["said", "reply", "history", "tool call", "quote", "delegation", "beginning", "new"]


class OpenCall(msgspec.Struct, frozen=True):
    """A tool call whose result the agent has not given back: perhaps another agent is at work for it."""

    name: str
    words: tuple[str, ...] = ()
    """The texts among its arguments."""

    def is_told_in(self, text: str) -> bool:
        """Say whether a text holds all that the call says."""
        return bool(self.words) and all(word in text for word in self.words)


class LiveAgent(msgspec.Struct):
    """One agent of the run. `depth` counts who called whom: an agent that works while another's call waits is below."""

    id: str
    """The name that it was first known by; it stays, so that its turns stay together."""
    name: str
    instructions: str = ""
    depth: int = 0
    open_calls: dict[str, OpenCall] = {}
    """By the call's id."""


class Fired(msgspec.Struct, frozen=True):
    """A finding on a live run, with what its turns said, for who reads the refusal."""

    code: str
    detector: str
    reason: str
    evidence: tuple[str, ...]
    """The turns that show it, in short."""


class LiveTurn(msgspec.Struct, frozen=True, omit_defaults=True):
    """A turn that detectors have not read. Looks like a `Turn`, and is made in a tenth of the time."""

    index: int
    speaker: AgentId
    addressees: tuple[AgentId, ...] = ()
    act: Act = Act.MESSAGE
    text: str = ""
    reasoning: str | None = None
    tool_name: str | None = None
    tool_arguments: str | None = None
    tool_call_id: str | None = None
    is_error: bool = False


class Known(msgspec.Struct, eq=False, omit_defaults=True):
    """What is known of a run that goes on: who takes part, what was said, and what its next calls will be known by."""

    task: str | None = None
    agents: dict[str, LiveAgent] = {}
    openings: dict[int, list[str]] = {}
    """By the digest of a beginning: the agents that have begun there."""
    spoken: dict[int, str] = {}
    """By the digest of a reply: the agent that gave it."""
    marks: dict[str, list[int | str]] = {}
    """What its next calls will be known by, of each kind the latest last."""
    continued: dict[int, int] = {}
    """How many calls went on from a history that a call of the run ended with."""
    told: dict[int, None] = {}
    """Digests of passages that agents were told: repeating one is no quoting of the one who repeats it."""
    seen: dict[int, None] = {}
    """Digests of messages that were taken for turns."""
    turns: int = 0
    pending: list[LiveTurn] = []
    """The first turns, which detectors have not read: most runs end before there is anything to detect."""
    recent: list[str] = []
    """The last turns in short; `recent[-1]` is turn `turns - 1`."""
    fired: list[Fired] = []
    acted_upon: int = 0
    """How many of `fired` were acted upon."""
    corrected: list[str] = []
    """Detectors whose findings the model was told of."""
    stopped: str | None = None
    """Why no more calls are let through."""
    suite: dict[str, Any] | None = None
    """The detectors' state, where it was written down."""


class Beginning(msgspec.Struct, eq=False, gc=False):
    """The first call of a run, as it came. Most runs have no other, and then nobody asks what follows from it."""

    heard: Heard
    """Without its instructions, of which the agent has the part that is needed."""
    agent_key: str
    agent: LiveAgent
    reply: tuple[Said, ...] | None = None
    """None while it is under way."""
    reply_id: str | None = None


class Owed(msgspec.Struct, eq=False, gc=False):
    """What a call took that nobody has priced: most runs have no other, and nobody asks what they cost."""

    provider: str | None
    model: str
    usage: Usage


class LiveRun(msgspec.Struct, eq=False, omit_defaults=True, gc=False):
    """One run, as its calls tell of it. Times are Unix nanoseconds. No part of it leads back to it: `gc` is off."""

    scope: str
    """The project and key whose calls may join it."""
    run_id: str
    start_ns: int
    last_ns: int
    beginning: Beginning | None = None
    """Its only call, as long as there is no other one and nothing about it is out of the ordinary."""
    known: Known | None = None
    """From then on. Exactly one of the two is there."""
    calls: int = 0
    tokens: int = 0
    cost_usd: Decimal = Decimal(0)
    unpriced: int = 0
    """Calls whose cost is unknown."""
    owed: Owed | None = None
    """What its first call took, until it matters what that cost."""
    counted_bytes: int = 0
    """What it counts for among all runs that are kept."""


class Joined(msgspec.Struct, eq=False, gc=False):
    """Where a call belongs: its run, its agent in it, the messages that are news to the run, and what linked them."""

    run: LiveRun
    agent: LiveAgent
    agent_key: str
    heard: Heard
    news: tuple[Said, ...]
    link: Link


def name_of(scope: str, run_id: str) -> str:
    """Return what tells a run from all others: ids are told apart by scope, since callers may choose them."""
    return f"{scope}\0{run_id}"

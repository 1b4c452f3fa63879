"""How targets fare: which are set aside after failures, and how fast each answers. Outlives a reload of the routes."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from masthead.clock import Clock
from masthead.gateway.call import Attempt, Target
from masthead.gateway.config_routes import BreakerConfig
from masthead.gateway.policy.failures import failure_of

State = Literal["closed", "open", "half-open"]

_MOST: Final = 4096
"""Targets whose health is kept."""
_SMOOTHING: Final = 0.2
"""Weight of the latest answer in the moving average of latencies."""
_LATENCY_KEPT_S: Final = 60.0
"""Beyond, a latency is an old story: a target that was slow then may be the fastest now."""
_PASSING: Final = frozenset({"connect", "timeout", "broken", "overloaded", "server", "rate"})


@dataclass(slots=True)
class Health:
    """One target's."""

    failures: int = 0
    open_until_s: float | None = None
    is_probed: bool = False
    """Whether a call is out that tries a target that was set aside."""
    latency_s: float | None = None
    latency_at_s: float = 0.0
    """When it was last measured, or given to a call to be measured anew."""
    is_old: bool = False
    """Whether the next answer counts in place of all before."""

    def state_at(self, now_s: float) -> State:
        """Return whether the target takes calls: `half-open` takes one at a time."""
        if self.open_until_s is None:
            return "closed"
        return "half-open" if now_s >= self.open_until_s else "open"


class Fleet:
    """The health of all targets. Belongs to one event loop."""

    def __init__(self, clock: Clock, breaker: BreakerConfig) -> None:
        self.breaker = breaker
        self._clock = clock
        self._health: dict[tuple[str, str], Health] = {}

    def state(self, target: Target) -> State:
        """Return whether the target takes calls: `half-open` takes one at a time."""
        health = self._health.get(_key(target))
        return "closed" if health is None else health.state_at(self._clock.monotonic_s())

    def may_try(self, target: Target) -> bool:
        """Say whether a call may go there now; of a target that was set aside, the first asker after the pause may."""
        health = self._health.get(_key(target))
        if health is None or health.open_until_s is None:
            return True
        if health.is_probed or health.state_at(self._clock.monotonic_s()) == "open":
            return False
        health.is_probed = True
        return True

    def note(self, attempt: Attempt) -> None:
        """Learn from a finished attempt."""
        health = self._health.get(_key(attempt.target))
        if health is None:
            health = self._health[_key(attempt.target)] = Health()
            if len(self._health) > _MOST:
                self._forget_one()
        health.is_probed = False
        if attempt.failure == "abandoned":
            return  # the client went away, or another target was faster: nothing is known
        failure = None if attempt.failure is None else failure_of(attempt)
        if failure in _PASSING:
            health.failures += 1
            if health.failures >= self.breaker.failures or health.open_until_s is not None:
                health.open_until_s = self._clock.monotonic_s() + self.breaker.pause_s
            return
        if attempt.status is None:
            return
        health.failures = 0
        health.open_until_s = None
        if attempt.end_ns is not None and failure is None:
            took_s = (attempt.end_ns - attempt.start_ns) / 1e9
            before = None if health.is_old else health.latency_s
            health.latency_s = took_s if before is None else before + _SMOOTHING * (took_s - before)
            health.latency_at_s, health.is_old = self._clock.monotonic_s(), False

    def _forget_one(self) -> None:
        """Let go of the target that was known first and is not set aside: callers may name models without end."""
        known = next((key for key, one in self._health.items() if one.open_until_s is None), next(iter(self._health)))
        del self._health[known]

    def by_latency(self, targets: Sequence[Target]) -> list[int]:
        """Return the targets' places, the fastest first; what never answered counts as the fastest.

        One that nobody has asked for a minute goes before them, for this one call: it may be fast by now, which would
        never be known of a target that was slow once.
        """
        now_s = self._clock.monotonic_s()
        health = [self._health.get(_key(target)) for target in targets]
        latencies = [0.0 if one is None or one.latency_s is None else one.latency_s for one in health]
        order = sorted(range(len(targets)), key=latencies.__getitem__)
        waiting = [one for one in health if one is not None and now_s - one.latency_at_s >= _LATENCY_KEPT_S]
        longest = min((one for one in waiting if one.latency_s is not None), key=_measured_at, default=None)
        if longest is None or 0.0 in latencies:
            return order
        longest.latency_at_s, longest.is_old = now_s, True
        first = next(at for at, one in enumerate(health) if one is longest)
        return [first, *(at for at in order if at != first)]

    def all(self) -> dict[tuple[str, str], Health]:
        """Return the health by connection and model, for pages and metrics, which ask in other threads."""
        return self._health.copy()


def _measured_at(health: Health) -> float:
    return health.latency_at_s


def _key(target: Target) -> tuple[str, str]:
    return target.connection.name, target.model

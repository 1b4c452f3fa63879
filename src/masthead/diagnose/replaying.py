"""Hold hypotheses of the origin against the system itself: run it again with the turn kept, and with it changed.

A turn began the failure, in the sense of a cause, where the run comes out well when it alone is changed and does not
when it is kept. So both are tried, each as often, and the hypothesis is verified where the difference is more than
chance: one-sided exact test of Fisher (1935), at 5 %. With three tries each that is three of three against none.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from math import comb
from typing import Final

from masthead.diagnose.attribution import VERIFIED, with_verified
from masthead.model.conversation import Conversation
from masthead.model.diagnosis import Attribution, Hypothesis
from masthead.model.replay import Replay, ReplayOutcome, ReplayRequest

TIMES: Final = 3
MOST: Final = 3
LEVEL: Final = 0.05
METHOD: Final = "replay"


@dataclass(frozen=True, kw_only=True, slots=True)
class Trial:
    """One hypothesis replayed: how often the run came out well with the turn changed, and with it kept.

    Replays that gave no outcome are in neither count; `failures` says why, each reason once. `p_value` is the chance
    of so large a difference where the turn makes none; None where either side has no outcome.
    """

    turn: int
    changed_passed: int
    changed: int
    kept_passed: int
    kept: int
    failures: tuple[str, ...] = ()
    p_value: float | None = None

    @property
    def is_verified(self) -> bool:
        """Whether changing the turn changes how the run ends, beyond chance."""
        return self.p_value is not None and self.p_value <= LEVEL + 1e-12


def verify(
    conversation: Conversation,
    attribution: Attribution,
    replay: Replay,
    *,
    corrections: Mapping[int, str] | None = None,
    times: int = TIMES,
    most: int = MOST,
    on_trial: Callable[[Trial], None] = lambda _: None,
) -> tuple[Attribution, tuple[Trial, ...]]:
    """Replay the likeliest hypotheses, and those with a correction; return them ranked anew, and what was tried.

    Verified ones come first, the earliest turn first, because a later turn that could have saved the run verifies too.
    The others keep their order; a hypothesis that was tried says how it went.
    """
    told = dict(corrections or {})
    chosen = [item for place, item in enumerate(attribution.hypotheses) if place < most or item.turn in told]
    trials: dict[int, Trial] = {}
    for item in chosen:
        trials[item.turn] = _tried(conversation, item, replay, told.get(item.turn), times)
        on_trial(trials[item.turn])
    return _ranked(attribution, trials), tuple(trials.values())


def _tried(conversation: Conversation, item: Hypothesis, replay: Replay, correction: str | None, times: int) -> Trial:
    outcomes: dict[bool, list[ReplayOutcome]] = {True: [], False: []}
    for attempt in range(times):
        for is_changed, found in outcomes.items():
            request = ReplayRequest(
                conversation=conversation, turn=item.turn, is_changed=is_changed,
                correction=correction if is_changed else None, why=item.reason, attempt=attempt,
            )  # fmt: skip
            found.append(replay.replay(request))
    told = {
        side: [each.is_success for each in found if each.is_success is not None] for side, found in outcomes.items()
    }
    passed, failed = sum(told[True]), len(told[True]) - sum(told[True])
    kept_passed, kept_failed = sum(told[False]), len(told[False]) - sum(told[False])
    reasons = [each.failure or "no outcome" for found in outcomes.values() for each in found if each.is_success is None]
    return Trial(
        turn=item.turn,
        changed_passed=passed,
        changed=len(told[True]),
        kept_passed=kept_passed,
        kept=len(told[False]),
        failures=tuple(dict.fromkeys(reasons)),
        p_value=fisher(passed, failed, kept_passed, kept_failed) if told[True] and told[False] else None,
    )


def fisher(passed: int, failed: int, other_passed: int, other_failed: int) -> float:
    """Return the chance of `passed` or more on the first side, were both sides alike and the sums as they are."""
    first, second, whole = passed + failed, other_passed + other_failed, passed + other_passed
    cases = comb(first + second, whole)
    most = min(first, whole)
    return sum(comb(first, count) * comb(second, whole - count) for count in range(passed, most + 1)) / cases


def _ranked(attribution: Attribution, trials: Mapping[int, Trial]) -> Attribution:
    items = [_said(item, trials.get(item.turn)) for item in attribution.hypotheses]
    verified = sorted((item for item in items if item.basis == VERIFIED), key=lambda item: item.turn)
    sure = 1 - max((trials[item.turn].p_value or 0.0 for item in verified if item.turn in trials), default=0.0)
    shares = [0.5**place for place in range(len(verified))]
    believed = [
        replace(item, confidence=sure * share / sum(shares)) for item, share in zip(verified, shares, strict=True)
    ]
    return with_verified(replace(attribution, hypotheses=tuple(items)), believed)


def _said(item: Hypothesis, trial: Trial | None) -> Hypothesis:
    if trial is None:
        return item
    told = (
        f"replayed: {trial.changed_passed} of {trial.changed} passed with it changed, "
        f"{trial.kept_passed} of {trial.kept} with it kept"
    )
    if not trial.changed or not trial.kept:
        told = f"could not be replayed: {'; '.join(trial.failures)}"
    if not trial.is_verified:
        return replace(item, reason=f"{item.reason}; {told}")
    return replace(item, basis=VERIFIED, method=f"{METHOD}+{item.method}", reason=f"{told}; {item.reason}")

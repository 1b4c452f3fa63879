"""Where a failed run first went wrong: ranked hypotheses from every method that has something to say.

Pure, without a language model. The methods and what each reaches on labelled runs, alone and together, stand in
docs/reference/attribution.md; why they are joined as they are in docs/explanation/attribution.md.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from masthead.diagnose.case import Case, prepare
from masthead.diagnose.provenance import Provenance, trace
from masthead.diagnose.ranker import Weights, is_known, is_measured, rank, shipped
from masthead.diagnose.repeats import first_divergence, spectrum
from masthead.diagnose.rules import Vote, backward_slice, before_first_error, broke_off, dropped_at_handoff
from masthead.model.conversation import Conversation
from masthead.model.diagnosis import Attribution, Basis, Hypothesis
from masthead.model.score import Finding

MOST: Final = 5
RANKER: Final = "learned-ranker"
VERIFIED: Final = "replay-verified"

_BASIS: Final[Mapping[str, Basis]] = {
    "before-first-error": "observed",
    "backward-slice": "observed",
    "broke-off": "observed",
    "first-divergence": "observed",
    "dropped-at-handoff": "inferred",
    "finding": "inferred",
    "spectrum": "inferred",
    RANKER: "inferred",
}
_FITTED: Final[Mapping[str, float]] = {RANKER: 1.0, "first-divergence": 0.15, "spectrum": 0.15}
"""On kinds that the ranker was fitted on: it already weighs errors and the answer's source, but sees no other runs.

No label says how much other runs should count, so they count little (docs/reference/attribution.md)."""
_JUDGE_FITTED: Final = 0.15
_JUDGE_UNFITTED: Final = 0.5
"""A judge's word beside the other methods, so little that a useless judge costs next to nothing, as simulated in
docs/reference/attribution.md. Nobody measured it on a real model, so the confidences never count as calibrated."""
_UNFITTED: Final[Mapping[str, float]] = {
    "before-first-error": 1.0,
    "broke-off": 0.5,
    "backward-slice": 0.7,
    "first-divergence": 0.5,
    "spectrum": 0.3,
    "dropped-at-handoff": 0.3,
    "finding": 0.5,
    RANKER: 0.3,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Repeats:
    """Other runs of the same task, prepared: those that passed and those that failed."""

    passing: tuple[Case, ...] = ()
    failing: tuple[Case, ...] = ()


NO_REPEATS: Final = Repeats()


def attribute(
    conversation: Conversation,
    *,
    passing: Sequence[Conversation] = (),
    failing: Sequence[Conversation] = (),
    findings: Sequence[Finding] = (),
    judged: Sequence[Hypothesis] = (),
    weights: Mapping[str, Weights] | None = None,
) -> Attribution:
    """Return ranked hypotheses for a failed run: three or more where three agents' turns exist, or unknown.

    `passing` and `failing` are other runs of the same task. `findings` name turns through `began_turn`. `judged` is
    what language models said when asked, the method being the judge's name, and what was verified by replaying.
    """
    repeats = Repeats(passing=tuple(map(prepare, passing)), failing=tuple(map(prepare, failing)))
    case = prepare(conversation)
    return attribute_case(case, trace(case), repeats=repeats, findings=findings, judged=judged, weights=weights)


def attribute_case(
    case: Case,
    provenance: Provenance,
    *,
    repeats: Repeats = NO_REPEATS,
    findings: Sequence[Finding] = (),
    judged: Sequence[Hypothesis] = (),
    weights: Mapping[str, Weights] | None = None,
) -> Attribution:
    """Do the same for a prepared run."""
    if not case.candidates:
        return Attribution(kind=case.kind, unknown_because="no turn of an agent is recorded")
    table = shipped() if weights is None else weights
    is_fitted = is_known(case.kind, table)
    told = _judges(case, [item for item in judged if item.basis != VERIFIED])
    votes = {**told, **method_votes(case, provenance, repeats=repeats, findings=findings, weights=table)}
    if not is_fitted and not any(votes[method] for method in votes if method != RANKER):
        reason = "no error, no traceable answer and no other run of the task; the ranker was fitted on other kinds"
        return Attribution(kind=case.kind, unknown_because=reason)
    trust = {**(_FITTED if is_fitted else _UNFITTED)}
    trust |= dict.fromkeys(told, _JUDGE_FITTED if is_fitted else _JUDGE_UNFITTED)
    hypotheses = _join(votes, trust)
    attribution = Attribution(
        hypotheses=tuple(hypotheses),
        votes=tuple(_hypothesis(method, vote) for method, cast in votes.items() for vote in cast[:3]),
        is_calibrated=is_measured(case, table) and not told and not repeats.passing,
        kind=case.kind,
    )
    return with_verified(attribution, [item for item in judged if item.basis == VERIFIED])


def with_verified(attribution: Attribution, verified: Sequence[Hypothesis]) -> Attribution:
    """Put replay-verified hypotheses first, the earliest turn first; the others share the belief that is left.

    The earliest leads because a later turn that could have saved the run verifies too.
    """
    if not verified:
        return attribution
    first = sorted(verified, key=lambda item: item.turn)
    turns = {item.turn for item in first}
    others = [item for item in attribution.hypotheses if item.turn not in turns]
    sum_, left = sum(item.confidence for item in others), max(0.0, 1 - sum(item.confidence for item in first))
    doubted = [replace(item, confidence=left * item.confidence / sum_ if sum_ else 0.0) for item in others]
    return replace(attribution, hypotheses=(*first, *doubted)[:MOST], is_calibrated=False, unknown_because=None)


def method_votes(
    case: Case,
    provenance: Provenance,
    *,
    repeats: Repeats = NO_REPEATS,
    findings: Sequence[Finding] = (),
    weights: Mapping[str, Weights],
) -> dict[str, list[Vote]]:
    """Return each method's candidates, most likely first; a method that has nothing to go on returns none."""
    return {
        RANKER: [
            Vote(item.turn, item.agent, item.confidence, item.because, (item.turn,)) for item in rank(case, weights)
        ],
        "before-first-error": before_first_error(case),
        "backward-slice": backward_slice(case, provenance),
        "first-divergence": first_divergence(case, repeats.passing),
        "spectrum": spectrum(case, repeats.passing, repeats.failing),
        "dropped-at-handoff": dropped_at_handoff(case, provenance),
        "finding": _from_findings(case, findings),
        "broke-off": broke_off(case),
    }


def _judges(case: Case, judged: Sequence[Hypothesis]) -> dict[str, list[Vote]]:
    """Return what each judge names; what it says of a turn that no agent said is dropped."""
    found: dict[str, list[Vote]] = defaultdict(list)
    candidates = set(case.candidates)
    for item in judged:
        if item.turn in candidates:
            agent = case.steps[item.turn].speaker
            found[item.method].append(Vote(item.turn, agent, item.confidence, item.reason, item.evidence))
    return {method: votes for method, votes in found.items() if any(vote.weight > 0 for vote in votes)}


def _from_findings(case: Case, findings: Sequence[Finding]) -> list[Vote]:
    """Take the turns where detectors or judges say that a failure mode began, the earliest first."""
    candidates, worth = set(case.candidates), dict[int, tuple[float, str]]()
    for finding in findings:
        turn = finding.began_turn
        if turn in candidates and finding.confidence > worth.get(turn, (0.0, ""))[0]:
            worth[turn] = (finding.confidence, f"{finding.code} began here: {finding.reason}")
    total = sum(confidence for confidence, _ in worth.values())
    return [
        Vote(turn, case.steps[turn].speaker, confidence / total, reason, (turn,))
        for turn, (confidence, reason) in sorted(worth.items(), key=lambda item: (-item[1][0], item[0]))
        if total > 0
    ]


def _join(votes: Mapping[str, Sequence[Vote]], trust: Mapping[str, float]) -> list[Hypothesis]:
    """Add up what the methods give each turn, each method's votes normalised and weighed by its trust."""
    worth: dict[int, float] = defaultdict(float)
    by_turn: dict[int, list[tuple[str, Vote]]] = defaultdict(list)
    for method, cast in votes.items():
        total = sum(vote.weight for vote in cast)
        for place, vote in enumerate(cast):
            worth[vote.turn] += trust.get(method, 0.0) * vote.weight / total if total else 0.0
            if place < 3:
                by_turn[vote.turn].append((method, vote))
            elif vote.turn not in by_turn:
                by_turn[vote.turn] = [(method, vote)]
    sum_ = sum(worth.values())
    ranked = sorted(((value, turn) for turn, value in worth.items() if value > 0), key=lambda item: (-item[0], item[1]))
    return [_joined(value / sum_, by_turn[turn]) for value, turn in ranked[:MOST]]


def _joined(confidence: float, cast: Sequence[tuple[str, Vote]]) -> Hypothesis:
    methods = [method for method, _ in cast]
    first = cast[0][1]
    return Hypothesis(
        agent=first.agent,
        turn=first.turn,
        confidence=confidence,
        basis="observed" if any(_BASIS.get(method) == "observed" for method in methods) else "inferred",
        method="+".join(dict.fromkeys(methods)),
        reason="; ".join(dict.fromkeys(vote.reason for _, vote in cast[:3])),
        evidence=tuple(sorted({turn for _, vote in cast for turn in vote.evidence})),
    )


def _hypothesis(method: str, vote: Vote) -> Hypothesis:
    return Hypothesis(
        agent=vote.agent,
        turn=vote.turn,
        confidence=min(1.0, max(0.0, vote.weight)),
        basis=_BASIS.get(method, "inferred"),
        method=method,
        reason=vote.reason,
        evidence=vote.evidence,
    )

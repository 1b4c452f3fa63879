"""The diagnosis of one run: what the detectors find, where it began, how it spread, what it cost, what to change."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from hashlib import blake2b
from typing import Final

from masthead.codebook.book import Codebook
from masthead.codebook.load import mast
from masthead.detect.suite import Suite
from masthead.diagnose.advice import for_run
from masthead.diagnose.attribution import NO_REPEATS, Repeats, attribute_case
from masthead.diagnose.case import prepare
from masthead.diagnose.cost import cost_of_failure
from masthead.diagnose.provenance import trace
from masthead.diagnose.ranker import Weights
from masthead.diagnose.spread import spread_of
from masthead.model.conversation import Conversation
from masthead.model.diagnosis import Diagnosis
from masthead.model.ids import EvaluatorId, RunId
from masthead.model.ports import Detector
from masthead.model.score import Finding, Score, Subject

EVALUATOR: Final = EvaluatorId("origin")
VERSION: Final = "1"


def diagnose(
    conversation: Conversation,
    detectors: Sequence[Detector],
    *,
    repeats: Repeats = NO_REPEATS,
    findings: Sequence[Finding] = (),
    codebook: Codebook | None = None,
    weights: Mapping[str, Weights] | None = None,
) -> Diagnosis:
    """Diagnose a run. Pure, without a language model; `findings` are those of judges or people, taken as they are.

    Where it began, how it spread and what it cost are asked of runs that the record does not call a success.
    """
    found = tuple(sorted([*findings, *findings_of(conversation, detectors)], key=_order))
    diagnosis = Diagnosis(run_id=conversation.run_id, is_success=conversation.is_success, findings=found)
    if conversation.is_success is not True:
        case = prepare(conversation)
        provenance = trace(case)
        attribution = attribute_case(case, provenance, repeats=repeats, findings=found, weights=weights)
        diagnosis = replace(diagnosis, attribution=attribution)
        if attribution.hypotheses:
            origin = attribution.hypotheses[0].turn
            spread = spread_of(case, provenance, origin)
            diagnosis = replace(diagnosis, spread=spread, cost=cost_of_failure(conversation, origin))
    return replace(diagnosis, advice=tuple(for_run(codebook or mast(), diagnosis)))


def findings_of(conversation: Conversation, detectors: Sequence[Detector]) -> list[Finding]:
    """Feed the whole run to each detector and return what they find, in order of discovery."""
    found: list[Finding] = []
    for detector in detectors:
        if isinstance(detector, Suite):
            found += detector.findings(conversation)
            continue
        detector.start(conversation.task)
        for turn in conversation.turns:
            found += detector.feed(turn)
        found += detector.close(conversation.ending)
    return found


def scores_of(diagnosis: Diagnosis, *, time_ns: int, stored: Sequence[Finding] = ()) -> list[Score]:
    """Return the diagnosis as scores for the store: one a finding that is not `stored`, and one `origin` a hypothesis.

    The number of an `origin` is its rank, 1 for the likeliest; a run that succeeded has none.
    Their ids are derived from what they say, so that diagnosing a run again with the same evaluators changes nothing.
    """
    scores = [_score_of(diagnosis.run_id, finding, time_ns) for finding in diagnosis.findings if finding not in stored]
    hypotheses = diagnosis.attribution.hypotheses if diagnosis.attribution else ()
    for rank, hypothesis in enumerate(hypotheses, start=1):
        scores.append(
            Score(
                id=_id(diagnosis.run_id, EVALUATOR, VERSION, str(hypothesis.turn), str(rank)),
                name="origin",
                subject=Subject(
                    kind="turn", run_id=diagnosis.run_id, turn=hypothesis.turn, agent=hypothesis.agent
                ),
                number=rank,
                reason=f"{rank}. {hypothesis.basis} by {hypothesis.method}: {hypothesis.reason}",
                evidence=hypothesis.evidence,
                confidence=hypothesis.confidence,
                source="code",
                evaluator=EVALUATOR,
                evaluator_version=VERSION,
                time_ns=time_ns,
            )
        )  # fmt: skip
    return scores


def _score_of(run_id: RunId, finding: Finding, time_ns: int) -> Score:
    is_turn = finding.began_turn is not None
    return Score(
        id=_id(run_id, finding.evaluator, finding.evaluator_version, finding.code, *map(str, finding.evidence)),
        name=finding.code,
        subject=Subject(
            kind="turn" if is_turn else "run", run_id=run_id, turn=finding.began_turn, agent=finding.began_agent
        ),
        flag=True,
        reason=finding.reason,
        evidence=finding.evidence,
        confidence=finding.confidence,
        source="code",
        evaluator=finding.evaluator,
        evaluator_version=finding.evaluator_version,
        time_ns=time_ns,
    )


def _id(*parts: str) -> str:
    return blake2b("\x00".join(parts).encode(), digest_size=16).hexdigest()


def _order(finding: Finding) -> tuple[int, str]:
    first: Iterable[int] = (finding.began_turn,) if finding.began_turn is not None else finding.evidence
    return (min(first, default=1 << 60), finding.code)

"""The diagnosis of one run: what the detectors find, where it began, how it spread, what it cost, what to change."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from hashlib import blake2b
from typing import Final

from masthead.codebook.book import Codebook
from masthead.codebook.load import mast
from masthead.detect.suite import Suite
from masthead.diagnose.advice import for_run
from masthead.diagnose.attribution import NO_REPEATS, VERIFIED, Repeats, attribute_case
from masthead.diagnose.case import Case, prepare
from masthead.diagnose.cost import cost_of_failure
from masthead.diagnose.provenance import Provenance, trace
from masthead.diagnose.ranker import Weights
from masthead.diagnose.spread import spread_of
from masthead.model.conversation import Conversation
from masthead.model.diagnosis import Attribution, Diagnosis, Hypothesis
from masthead.model.ids import EvaluatorId, RunId
from masthead.model.ports import Detector
from masthead.model.score import Finding, Score, Subject

EVALUATOR: Final = EvaluatorId("origin")
VERSION: Final = "2"
REPLAY: Final = EvaluatorId("replay")
"""Writes the origins that were verified by replaying; they stand until the run is replayed again."""


def diagnose(
    conversation: Conversation,
    detectors: Sequence[Detector],
    *,
    repeats: Repeats = NO_REPEATS,
    findings: Sequence[Finding] = (),
    judged: Sequence[Hypothesis] = (),
    codebook: Codebook | None = None,
    weights: Mapping[str, Weights] | None = None,
) -> Diagnosis:
    """Diagnose a run. Pure, without a language model.

    `findings` are those of judges or people, taken as they are; `judged` are the origins that language models named,
    which are ranked together with those of the other methods.

    Where it began, how it spread and what it cost are asked of runs that the record does not call a success.
    """
    found = tuple(sorted([*findings, *findings_of(conversation, detectors)], key=_order))
    diagnosis = Diagnosis(run_id=conversation.run_id, is_success=conversation.is_success, findings=found)
    book = codebook or mast()
    if conversation.is_success is True:
        return replace(diagnosis, advice=tuple(for_run(book, diagnosis)))
    case = prepare(conversation)
    provenance = trace(case)
    attribution = attribute_case(case, provenance, repeats=repeats, findings=found, judged=judged, weights=weights)
    return _followed(case, provenance, replace(diagnosis, attribution=attribution), book)


def with_attribution(
    conversation: Conversation, diagnosis: Diagnosis, attribution: Attribution, codebook: Codebook | None = None
) -> Diagnosis:
    """Return the diagnosis with other hypotheses, such as replayed ones, followed from the first of them."""
    case = prepare(conversation)
    return _followed(case, trace(case), replace(diagnosis, attribution=attribution), codebook or mast())


def _followed(case: Case, provenance: Provenance, diagnosis: Diagnosis, book: Codebook) -> Diagnosis:
    """Add how it spread from the first hypothesis, what it cost since, and what to change."""
    hypotheses = diagnosis.attribution.hypotheses if diagnosis.attribution else ()
    if hypotheses:
        origin = hypotheses[0].turn
        spread = spread_of(case, provenance, origin)
        diagnosis = replace(diagnosis, spread=spread, cost=cost_of_failure(case.conversation, origin))
    return replace(diagnosis, advice=tuple(for_run(book, diagnosis)))


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


def scores_of(
    diagnosis: Diagnosis, *, time_ns: int, stored: Sequence[Finding] = (), before: Sequence[Score] = ()
) -> list[Score]:
    """Return the diagnosis as scores for the store: one a finding that is not `stored`, and one `origin` a hypothesis.

    The number of an `origin` is its rank, 1 for the likeliest; a run that succeeded has none. One that was verified by
    replaying is by the evaluator `replay`. `before` is what
    diagnoses had said: what is said no longer is taken back, by a score without a value.
    Their ids are derived from what they say, so that diagnosing a run again with the same evaluators changes nothing.
    """
    scores = [_score_of(diagnosis.run_id, finding, time_ns) for finding in diagnosis.findings if finding not in stored]
    hypotheses = diagnosis.attribution.hypotheses if diagnosis.attribution else ()
    for rank, hypothesis in enumerate(hypotheses, start=1):
        evaluator = REPLAY if hypothesis.basis == VERIFIED else EVALUATOR
        scores.append(
            Score(
                id=_id(diagnosis.run_id, evaluator, VERSION, str(hypothesis.turn), str(rank)),
                name="origin",
                subject=Subject(
                    kind="turn", run_id=diagnosis.run_id, turn=hypothesis.turn, agent=hypothesis.agent
                ),
                number=rank,
                reason=f"{rank}. {hypothesis.basis} by {hypothesis.method}: {hypothesis.reason}",
                evidence=hypothesis.evidence,
                confidence=hypothesis.confidence,
                source="code",
                evaluator=evaluator,
                evaluator_version=VERSION,
                time_ns=time_ns,
            )
        )  # fmt: skip
    said = {(score.name, score.evaluator, score.subject) for score in scores}
    gone = [score for score in before if (score.name, score.evaluator, score.subject) not in said]
    return scores + [_taken_back(score, time_ns) for score in gone]


def _taken_back(score: Score, time_ns: int) -> Score:
    return replace(
        score,
        id=_id(score.id, "taken back", str(time_ns)),
        number=None,
        flag=None,
        label=None,
        confidence=None,
        evidence=(),
        reason="a later diagnosis no longer says so",
        time_ns=time_ns,
    )


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

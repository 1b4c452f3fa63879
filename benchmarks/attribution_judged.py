"""What joining a judge's word does: simulated, because no model that judges well is at hand."""

from collections.abc import Mapping, Sequence
from random import Random

from scripts.fit_attribution import LabelledRun

from masthead.diagnose.attribution import attribute_case
from masthead.diagnose.provenance import Provenance, trace
from masthead.diagnose.ranker import Weights
from masthead.model.diagnosis import Hypothesis

_DRAWS = 5
_ABOUT = """\
## Joined with a judge: simulated

**Not measured on a real model.** `masthead judge --origin` asks one, and `diagnose` then ranks what it named together
with the rest, at 0.15 of the ranker's weight; confidences that a judge is part of count as uncalibrated. What that does
for a judge of a given accuracy can be simulated: it names the labelled step so often, and else a turn of an agent by
chance, always as sure as it can be. The weight is the largest of those tried (0.15, 0.25, 0.35, 0.5) at which a judge
that is never right costs next to nothing: published judges are right in 9 to 26 % of the steps, and at 0.5 one that
is right in a quarter made the group chats worse (46 against 52 %). A judge that is known to be good deserves more."""


def judged_section(runs: Sequence[LabelledRun], weighed: Mapping[str, Mapping[str, Weights]]) -> list[str]:
    """Return the page's section."""
    lines = [
        *_ABOUT.splitlines(),
        "",
        "| the judge names the labelled step in | algorithm-generated: step, joined | in first 3 | hand-crafted: step, joined | in first 3 |",  # noqa: E501
        "|---|---|---|---|---|",
    ]
    traced = {id(run): trace(run.case) for run in runs}
    parts = [[run for run in runs if run.part == part] for part in ("algorithm_generated", "hand_crafted")]
    for accuracy in (None, 0.0, 0.1, 0.25, 0.5, 0.75):
        cells = [_reached(part, traced, weighed, accuracy) for part in parts]
        name = "no judge" if accuracy is None else f"{100 * accuracy:.0f} %"
        lines.append(f"| {name} | " + " | ".join(f"{step:.1f} | {top:.1f}" for step, top in cells) + " |")
    return lines


def _reached(
    runs: Sequence[LabelledRun],
    traced: Mapping[int, Provenance],
    weighed: Mapping[str, Mapping[str, Weights]],
    accuracy: float | None,
) -> tuple[float, float]:
    chance = Random(1)
    draws = 1 if accuracy is None else _DRAWS
    step = top = 0
    for _ in range(draws):
        for run in runs:
            judged = () if accuracy is None else (_said(run, accuracy, chance),)
            found = attribute_case(run.case, traced[id(run)], judged=judged, weights=weighed[run.question]).hypotheses
            turns = [item.turn for item in found]
            step += turns[:1] == [run.origin.turn]
            top += run.origin.turn in turns[:3]
    return 100 * step / (draws * len(runs)), 100 * top / (draws * len(runs))


def _said(run: LabelledRun, accuracy: float, chance: Random) -> Hypothesis:
    turn = run.origin.turn if chance.random() < accuracy else chance.choice(run.case.candidates)
    agent = run.case.steps[turn].speaker
    return Hypothesis(
        agent=agent, turn=turn, confidence=1.0, basis="inferred", method="origin-simulated:judge", reason="simulated"
    )

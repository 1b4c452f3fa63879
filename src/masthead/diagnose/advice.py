"""What to change: the codebook's fixes for the codes that occur, the most frequent and costly first."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from masthead.codebook.book import Codebook
from masthead.model.diagnosis import Advice, Diagnosis
from masthead.model.errors import NotFound
from masthead.model.ids import Code
from masthead.model.observation import Observation

MOST_CHANGES = 3


@dataclass(frozen=True, kw_only=True, slots=True)
class Weighed:
    """A code's runs here, and the share of their spending that came after the failure began, summed over them."""

    runs: int
    lost: float


def advise(codebook: Codebook, weighed: dict[Code, Weighed], among: int) -> tuple[Advice, ...]:
    """Return the advice for each code: weight = how often it occurs × the mean share of a run that it costs.

    `among` is the number of runs looked at. Codes that the codebook does not know are left out.
    """
    found: list[Advice] = []
    for code, weight in weighed.items():
        try:
            entry = codebook.code(code)
        except NotFound:
            continue
        mean = weight.lost / weight.runs if weight.runs else 0.0
        where = f"in {weight.runs} of {among} runs" if among > 1 else "in this run"
        found.append(
            Advice(
                code=code,
                name=entry.name,
                changes=entry.fixes[:MOST_CHANGES],
                reason=f"{where}; on average {mean:.0%} of the run came after it began",
                runs=weight.runs,
                weight=round(weight.runs / max(1, among) * max(mean, 0.01), 6),
            )
        )
    return tuple(sorted(found, key=lambda advice: (-advice.weight, advice.code)))


def weigh(diagnoses: Iterable[Diagnosis]) -> dict[Code, Weighed]:
    """Count, per code, the runs that it occurs in and what came after it began there."""
    weighed: dict[Code, Weighed] = {}
    for diagnosis in diagnoses:
        lost = share_lost(diagnosis)
        for code in dict.fromkeys(finding.code for finding in diagnosis.findings):
            known = weighed.get(code, Weighed(runs=0, lost=0.0))
            weighed[code] = Weighed(runs=known.runs + 1, lost=known.lost + lost)
    return weighed


def weigh_rows(rows: Iterable[Observation]) -> dict[Code, Weighed]:
    """Count the same from narrow rows."""
    weighed: dict[Code, Weighed] = {}
    for row in rows:
        for code in row.codes:
            known = weighed.get(code, Weighed(runs=0, lost=0.0))
            weighed[code] = Weighed(runs=known.runs + 1, lost=known.lost + (row.share_lost or 0.0))
    return weighed


def share_lost(diagnosis: Diagnosis) -> float:
    """Return the share of the run that came after the failure began; 0 where that is not known."""
    cost = diagnosis.cost
    return cost.avoidable_share if cost is not None and cost.avoidable_share is not None else 0.0


def for_run(codebook: Codebook, diagnosis: Diagnosis) -> Sequence[Advice]:
    """Return the advice for one run."""
    return advise(codebook, weigh([diagnosis]), 1)

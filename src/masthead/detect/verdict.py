"""From findings to a verdict per code: occurred, not seen, or beyond what rules can see."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from masthead.codebook.book import Codebook
from masthead.model.ids import Code
from masthead.model.score import Finding

Standing = Literal["found", "not found", "needs a judge"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """What the first tier says of one code in one run.

    `confidence` is the chance that the code occurred. It is calibrated where it was measured on labels; else None for
    codes that need a judge. `findings` are what it rests on.
    """

    code: Code
    standing: Standing
    confidence: float | None
    is_calibrated: bool
    findings: tuple[Finding, ...] = ()

    @property
    def flag(self) -> bool | None:
        """Whether the code occurred; None where the first tier abstains."""
        return None if self.standing == "needs a judge" else self.standing == "found"


def verdicts(
    book: Codebook, findings: Sequence[Finding], *, seen: Sequence[Code], missed: dict[Code, float] | None = None
) -> list[Verdict]:
    """Return one verdict a code, in the codebook's order.

    `seen` are the codes that the rules which ran speak to; a code outside it needs a judge, unless a finding names it.
    `missed` says for each code how often it occurred in labelled runs in which no rule fired. Several findings of one
    code are taken as independent, so they raise the confidence together.
    """
    by_code: dict[Code, list[Finding]] = {}
    for finding in findings:
        by_code.setdefault(finding.code, []).append(finding)
    found: list[Verdict] = []
    for entry in book.codes:
        mine = by_code.get(entry.id, [])
        if mine:
            doubt = 1.0
            for finding in mine:
                doubt *= 1 - finding.confidence
            is_calibrated = all(finding.is_calibrated for finding in mine)
            verdict = Verdict(
                code=entry.id,
                standing="found",
                confidence=1 - doubt,
                is_calibrated=is_calibrated,
                findings=tuple(mine),
            )
        elif entry.id in seen:
            rate = (missed or {}).get(entry.id)
            verdict = Verdict(code=entry.id, standing="not found", confidence=rate, is_calibrated=rate is not None)
        else:
            verdict = Verdict(code=entry.id, standing="needs a judge", confidence=None, is_calibrated=False)
        found.append(verdict)
    return found

"""`masthead calibrate --rates`: how often failure modes occur in runs without labels, corrected for errors."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any, Final

import httpx
from rich.console import Console
from rich.table import Table

from masthead.cli.client import pages
from masthead.cli.diagnosing import from_files
from masthead.judge.calibrate import Rating, Ratings
from masthead.judge.corrected import Occurrence
from masthead.judge.first_tier import fire, rate, shipped
from masthead.judge.statistics_correction import Rate
from masthead.model.ids import Code

STORED: Final = "stored"
"""In place of logs: the runs of the project that the evaluator has scored."""
_MOST_SCORES: Final = 1_000_000


def of_logs(paths: Sequence[str]) -> Ratings:
    """Return the detectors' verdicts on the runs of these logs."""
    fires = fire(list(from_files(paths)))
    return rate(fires, [shipped()] * len(fires))


def of_store(client: httpx.Client, evaluator: str, labelled: frozenset[str]) -> Ratings:
    """Return an evaluator's stored verdicts on the runs that have no label."""
    found: dict[str, dict[Code, Rating]] = defaultdict(dict)
    for score in pages(client, "/api/v1/scores", {"evaluator": evaluator}, limit=_MOST_SCORES):
        run_id = score["subject"]["run_id"]
        if run_id not in labelled and score["flag"] is not None:
            found[run_id].setdefault(Code(score["name"]), Rating(flag=score["flag"]))
    return list(found.values())


def plain_rates(found: Sequence[Occurrence]) -> list[dict[str, Any]]:
    """Return the rates as JSON data."""
    return [
        {
            "code": each.code,
            "runs": each.runs,
            "labelled": each.labelled,
            **{name: _plain(rate) for name, rate in _three(each)},
        }
        for each in found
    ]


def print_rates(out: Console, evaluator: str, found: Sequence[Occurrence]) -> None:
    """Print a table of the rates."""
    table = Table(title=f"How often in runs without labels, by {evaluator}", title_justify="left")
    table.add_column("code")
    for name in ("runs", "labelled", "as said", "PPI++", "Rogan-Gladen"):
        table.add_column(name, justify="right")
    for each in found:
        cells = [_shown(rate) for _, rate in _three(each)]
        table.add_row(each.code, str(each.runs), str(each.labelled), *cells)
    out.print(table)
    out.print("Corrected as the evaluator errs on the labelled runs; they must be like the others, best a random part.")


def _three(each: Occurrence) -> list[tuple[str, Rate | None]]:
    return [("naive", each.naive), ("ppi", each.ppi), ("rogan_gladen", each.rogan_gladen)]


def _plain(rate: Rate | None) -> dict[str, Any] | None:
    return None if rate is None else {"value": rate.value, "interval": list(rate.interval), "power": rate.power}


def _shown(rate: Rate | None) -> str:
    return "–" if rate is None else f"{rate.value:.1%} ({rate.interval.low:.1%} to {rate.interval.high:.1%})"

"""A report as one HTML file that needs nothing beside it: no network, no script, light or dark as the reader likes."""

from collections.abc import Sequence
from html import escape
from typing import Final

from masthead.report.cells import (
    CODE_HEADERS,
    COMPARISON_HEADERS,
    RATE_HEADERS,
    code_rows,
    comparison_rows,
    name_of,
    percent,
    rate_row,
    span,
)
from masthead.report.compare import Comparison
from masthead.report.plots import Bar, Whisker, bars, heat, whiskers
from masthead.report.rates import Rate
from masthead.report.summary import Summary

_HOW_COUNTED: Final = (
    "A missing run counts as wrong “of attempted” and is left out “of recorded”, whose rate is the mark on the bar."
)
_HOW_COMPARED: Final = """
<p>Paired by task and repetition: McNemar’s exact test, corrected for all comparisons (Holm). The interval of the
difference comes from a bootstrap over tasks. The grey band is what this many runs could not have seen with 80 % power:
“no difference seen” says no more than that.</p>
"""
_STYLE: Final = """
:root{color-scheme:light dark;--ink:#1b1f24;--soft:#5b6570;--paper:#fff;--line:#d8dee4;--bar:#4f7cac;--mark:#b3541e;
--sure:#b3261e;--band:#8a939c33}
@media(prefers-color-scheme:dark){:root{--ink:#e6e9ec;--soft:#9aa4ad;--paper:#14171a;--line:#333a41;--bar:#7aa7d6;
--mark:#e8945a;--sure:#ff8a80;--band:#9aa4ad2e}}
*{box-sizing:border-box}body{margin:0;background:var(--paper);color:var(--ink);font:15px/1.5 system-ui,sans-serif}
main{max-width:80rem;margin:0 auto;padding:2rem 1.25rem 4rem}h1{font-size:1.7rem;margin:0 0 .3rem}
h2{font-size:1.2rem;margin:2.4rem 0 .6rem}p{max-width:46rem}.dim,td.dim{color:var(--soft)}
.wide{overflow-x:auto}table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums;font-size:.9rem}
th,td{padding:.35rem .6rem;text-align:left;border-bottom:1px solid var(--line);vertical-align:top}
th{font-weight:600;color:var(--soft);font-size:.85rem}td.n,th.n{text-align:right;white-space:nowrap}
svg{max-width:100%;height:auto;font:12px system-ui,sans-serif}svg text{fill:var(--ink)}svg text.dim{fill:var(--soft)}
.bar{fill:var(--bar)}.whisker{stroke:var(--ink);stroke-width:1.5}.mark{stroke:var(--mark);stroke-width:2}
.grid{stroke:var(--line)}.band{fill:var(--band)}.cell{fill:var(--bar)}line.sure{stroke:var(--sure);stroke-width:2}
circle.sure{fill:var(--sure)}line.unsure{stroke:var(--ink);stroke-width:1.5}circle.unsure{fill:var(--ink)}.faint{fill:var(--line)}
code{font:13px ui-monospace,monospace}li{margin:.15rem 0}
"""


def report_page(title: str, summary: Summary, comparisons: Sequence[Comparison] = ()) -> str:
    """Return the whole report as HTML."""
    return page(title, [*_summary(summary), *_comparisons(comparisons)])


def comparison_page(title: str, comparisons: Sequence[Comparison]) -> str:
    """Return comparisons as HTML."""
    return page(title, _comparisons(comparisons))


def table(headers: Sequence[str], rows: Sequence[Sequence[str]], numbers: int = 0) -> str:
    """Return an HTML table of escaped text; the last `numbers` columns are set as numbers."""
    first = len(headers) - numbers
    head = "".join(f"<th{_class(place, first)}>{escape(name)}</th>" for place, name in enumerate(headers))
    body = "".join(
        "<tr>" + "".join(f"<td{_class(place, first)}>{escape(cell)}</td>" for place, cell in enumerate(row)) + "</tr>"
        for row in rows
    )
    return f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def _class(place: int, first: int) -> str:
    return ' class="n"' if place >= first else ""


def page(title: str, parts: Sequence[str]) -> str:
    """Return a whole HTML file around the parts."""
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head><body><main><h1>{escape(title)}</h1>"
        f"{''.join(parts)}</main></body></html>\n"
    )


def _summary(summary: Summary) -> list[str]:
    overall = summary.overall
    runs = overall.recorded + overall.undecided
    parts = [f'<p class="dim">{runs:,} runs, {overall.undecided:,} without a verdict. {_HOW_COUNTED}</p>']
    for key, rates in (("", (summary.overall,)), *summary.by):
        name = f"Success by {key.replace('+', ' and ')}" if key else "Success"
        rows = [_bar(rate.group, rate) for rate in rates]
        parts += [f"<h2>{escape(name)}</h2>", bars(name, rows), table(RATE_HEADERS, [rate_row(r) for r in rates], 8)]
    parts += _codes(summary)
    parts += _origins(summary)
    if summary.advice:
        parts.append("<h2>What to change first</h2>")
        for advice in summary.advice:
            changes = "".join(f"<li>{escape(change)}</li>" for change in advice.changes)
            parts.append(
                f"<p><code>{escape(advice.code)}</code> {escape(advice.name)}"
                f' <span class="dim">— {escape(advice.reason)}</span></p><ul>{changes}</ul>'
            )
    return parts


def _bar(name: str, rate: Rate) -> Bar:
    return Bar(name, rate.of_attempted, rate.of_attempted_interval, rate.of_recorded)


def _codes(summary: Summary) -> list[str]:
    if not summary.codes:
        return ["<h2>Failure modes</h2><p>No failure mode was found.</p>"]
    rows = [
        [row.code, f"{row.runs:,}", percent(row.share), span(row.interval), percent(row.of_failed),
         percent(row.of_succeeded), percent(row.mean_share_lost)]
        for row in summary.codes
    ]  # fmt: skip
    headers = ("code", "runs", "share", "95 %", "of failed runs", "of succeeded runs", "lost after it began")
    parts = [
        "<h2>Failure modes</h2>",
        bars("Failure modes", [Bar(row.code, row.share, row.interval) for row in summary.codes]),
        table(headers, rows, 6),
    ]
    sizes = {rate.group: rate.recorded + rate.undecided for _, rates in summary.by for rate in rates}
    cells = [
        (name, [count / max(1, sizes.get(name, sum(counts))) for count in counts]) for name, counts in summary.code_map
    ]
    if cells:
        parts += [
            "<h2>Where they occur</h2>",
            heat("Share of runs with each code", [row.code for row in summary.codes], cells),
        ]
    if summary.pairs:
        pairs = [
            [f"{row.first} with {row.second}", f"{row.runs:,}", f"{row.lift:.1f}", f"{row.first_leads / row.runs:.0%}"]
            for row in summary.pairs
        ]
        headers = ("codes", "runs", "times as often as by chance", "the first began earlier")
        parts += ["<h2>Together, and in which order</h2>", table(headers, pairs, 3)]
    return parts


def _origins(summary: Summary) -> list[str]:
    lost = summary.lost
    parts: list[str] = []
    if summary.first_agents:
        rows = [[share.name, f"{share.runs:,}", percent(share.share)] for share in summary.first_agents]
        parts += ["<h2>Where failures began</h2>", table(("agent", "failed runs", "share"), rows, 2)]
    spent = [f"{lost.turns_after:,} of {lost.turns:,} turns"]
    if lost.tokens is not None:
        spent.append(f"{lost.tokens_after or 0:,} of {lost.tokens:,} tokens")
    if lost.usd is not None:
        spent.append(f"${lost.usd_after or 0:.2f} of ${lost.usd:.2f}")
    mean = "" if lost.mean_share is None else f", on average {lost.mean_share:.0%} of a failed run"
    parts.append(f"<h2>What failures cost</h2><p>After failures began: {escape('; '.join(spent))}{mean}.</p>")
    if summary.worst:
        rows = [
            [
                run.run_id[:12],
                run.task or "–",
                run.origin_agent or "unknown",
                f"{run.turns_after:,}",
                percent(run.share_lost),
            ]
            for run in summary.worst
        ]
        parts.append(table(("run", "task", "began with", "turns after", "lost"), rows, 2))
    if summary.clusters:
        rows = [
            [
                cluster.label,
                cluster.example[:12],
                cluster.example_task or "–",
                f"{cluster.runs:,}",
                percent(cluster.share),
            ]
            for cluster in summary.clusters
        ]
        parts += [
            "<h2>Failures that are alike</h2>",
            table(("what they share", "example", "its task", "runs", "of failed"), rows, 2),
        ]
    return parts


def _comparisons(comparisons: Sequence[Comparison]) -> list[str]:
    if not comparisons:
        return []
    drawn = [
        Whisker(name_of(c), test.difference.value, test.difference.interval, test.detectable, test.is_different)
        for c in comparisons
        if (test := c.attempted).difference is not None
    ]
    rates = {(c.stratum, side.group): side for c in comparisons for side in (c.first, c.second)}
    rows = [[stratum or "", *rate_row(rate)] for (stratum, _), rate in rates.items()]
    named = {f"{stratum}: {group}" if stratum else group: rate for (stratum, group), rate in rates.items()}
    parts = [
        "<h2>Success</h2>",
        f'<p class="dim">{_HOW_COUNTED}</p>',
        bars("Success", [_bar(name, rate) for name, rate in named.items()]),
        table(("within", *RATE_HEADERS), rows, 8),
        "<h2>Which one fails less</h2>",
        _HOW_COMPARED,
        whiskers("Difference in success, of attempted", drawn) if drawn else "",
        table(COMPARISON_HEADERS, [row for comparison in comparisons for row in comparison_rows(comparison)], 6),
    ]
    codes = [row for comparison in comparisons for row in code_rows(comparison)]
    if codes:
        parts += ["<h2>Failure modes that it removes or adds</h2>", table(CODE_HEADERS, codes, 4)]
    return parts

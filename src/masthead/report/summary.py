"""What a set of runs shows: which codes, where, together with which, begun by whom, at what cost."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from masthead.model.conversation import EndingKind
from masthead.model.diagnosis import Advice
from masthead.model.ids import Code, RunId
from masthead.model.observation import Observation
from masthead.report.rates import Plans, Rate, grouped, rate, rates_by
from masthead.report.statistics import Interval, wilson
from masthead.report.trends import Trend, trends

MOST_ROWS = 20


@dataclass(frozen=True, kw_only=True, slots=True)
class CodeRow:
    """How often a code occurs, in all runs and in those that failed or succeeded, and what it goes with.

    `mean_share_lost` is the mean share of a failed run with this code that came after the failure began, and `lost`
    what its runs spent then; a run with two codes counts for both.
    """

    code: Code
    runs: int
    share: float
    interval: Interval | None
    of_failed: float | None
    of_succeeded: float | None
    mean_share_lost: float | None
    lost: "Lost"


@dataclass(frozen=True, kw_only=True, slots=True)
class PairRow:
    """Two codes in the same run.

    `lift` is how much more often than if they were independent; `first_leads` counts the runs in which the first began
    earlier.
    """

    first: Code
    second: Code
    runs: int
    lift: float
    first_leads: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Share:
    """A name, how many runs it stands for, and their share."""

    name: str
    runs: int
    share: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Lost:
    """What failed runs spent after their failures began, beside all that all runs spent; None where unknown."""

    failed_runs: int
    turns_after: int
    turns: int
    tokens_after: int | None
    tokens: int | None
    usd_after: Decimal | None
    usd: Decimal | None
    seconds_after: float | None
    mean_share: float | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Worst:
    """A run that lost most after its failure began."""

    run_id: RunId
    task: str | None
    origin_agent: str | None
    origin_turn: int | None
    turns_after: int
    share_lost: float | None
    codes: tuple[Code, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Cluster:
    """Failed runs that failed alike: in codes (without one, in what speaks for the origin), agent of origin and ending.

    `example` is the run whose origin is the surest.
    """

    label: str
    runs: int
    share: float
    example: RunId
    example_task: str | None
    example_reason: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Summary:
    """A report over many runs."""

    overall: Rate
    by: tuple[tuple[str, tuple[Rate, ...]], ...]
    codes: tuple[CodeRow, ...]
    code_map: tuple[tuple[str, tuple[int, ...]], ...]
    """For each system (or the first key asked for): runs with each of `codes`, in their order."""
    pairs: tuple[PairRow, ...]
    first_agents: tuple[Share, ...]
    lost: Lost
    worst: tuple[Worst, ...]
    clusters: tuple[Cluster, ...]
    advice: tuple[Advice, ...] = ()
    trends: tuple[Trend, ...] = ()


def summarise(runs: Sequence[Observation], keys: Sequence[str], advice: Sequence[Advice] = ()) -> Summary:
    """Return the report. `keys` are what to group by; a key like `model+design` groups by both."""
    failed = [run for run in runs if run.is_success is not True]
    code_rows = _codes(runs)
    map_key = keys[0].split("+") if keys else ["system"]
    finest = list(dict.fromkeys(part for key in keys for part in key.split("+")))
    return Summary(
        overall=rate("all runs", runs, Plans(runs, finest).attempts(runs) if finest else None),
        by=tuple((key, tuple(rates_by(runs, key.split("+"), finest))) for key in keys),
        codes=tuple(code_rows),
        code_map=tuple(_code_map(runs, map_key, [row.code for row in code_rows])),
        pairs=tuple(_pairs(runs)),
        first_agents=tuple(_first_agents(failed)),
        lost=_lost(runs, failed),
        worst=tuple(_worst(failed)),
        clusters=tuple(_clusters(failed)),
        advice=tuple(advice),
        trends=tuple(trends(runs)),
    )


def _codes(runs: Sequence[Observation]) -> list[CodeRow]:
    with_code: dict[Code, list[Observation]] = defaultdict(list)
    for run in runs:
        for code in run.codes:
            with_code[code].append(run)
    failed = sum(run.is_success is False for run in runs)
    succeeded = sum(run.is_success is True for run in runs)
    rows: list[CodeRow] = []
    for code, having in sorted(with_code.items()):
        lost = [run.share_lost for run in having if run.share_lost is not None]
        rows.append(
            CodeRow(
                code=code,
                runs=len(having),
                share=len(having) / len(runs),
                interval=wilson(len(having), len(runs)),
                of_failed=sum(run.is_success is False for run in having) / failed if failed else None,
                of_succeeded=sum(run.is_success is True for run in having) / succeeded if succeeded else None,
                mean_share_lost=sum(lost) / len(lost) if lost else None,
                lost=_lost(having, [run for run in having if run.is_success is not True]),
            )
        )
    return rows


def _code_map(
    runs: Sequence[Observation], keys: Sequence[str], codes: Sequence[Code]
) -> list[tuple[str, tuple[int, ...]]]:
    return [
        (name, tuple(sum(code in run.codes for run in members) for code in codes))
        for name, members in grouped(runs, keys).items()
    ]


def _pairs(runs: Sequence[Observation]) -> list[PairRow]:
    single: Counter[Code] = Counter(code for run in runs for code in run.codes)
    together: Counter[tuple[Code, Code]] = Counter()
    leads: Counter[tuple[Code, Code]] = Counter()
    for run in runs:
        for place, earlier in enumerate(run.codes):
            for later in run.codes[place + 1 :]:
                together[min(earlier, later), max(earlier, later)] += 1
                leads[earlier, later] += 1
    rows = [
        PairRow(
            first=first,
            second=second,
            runs=count,
            lift=count * len(runs) / (single[first] * single[second]),
            first_leads=leads[first, second],
        )
        for (first, second), count in together.items()
    ]
    return sorted(rows, key=lambda row: (-row.runs, row.first, row.second))[:MOST_ROWS]


def _first_agents(failed: Sequence[Observation]) -> list[Share]:
    counts = Counter(run.origin_agent for run in failed if run.origin_agent is not None)
    total = sum(counts.values())
    return [Share(name=name, runs=count, share=count / total) for name, count in counts.most_common(MOST_ROWS)]


def _lost(runs: Sequence[Observation], failed: Sequence[Observation]) -> Lost:
    after = [run.after for run in failed if run.after is not None]
    shares = [run.share_lost for run in failed if run.share_lost is not None]
    tokens_after = [_tokens(spent.input_tokens, spent.output_tokens) for spent in after]
    tokens = [_tokens(run.total.input_tokens, run.total.output_tokens) for run in runs]
    usd_after = [spent.cost_usd for spent in after if spent.cost_usd is not None]
    usd = [run.total.cost_usd for run in runs if run.total.cost_usd is not None]
    seconds = [spent.seconds for spent in after if spent.seconds is not None]
    return Lost(
        failed_runs=len(failed),
        turns_after=sum(spent.turns for spent in after),
        turns=sum(run.total.turns for run in runs),
        tokens_after=sum(filter(None, tokens_after)) if any(count is not None for count in tokens_after) else None,
        tokens=sum(filter(None, tokens)) if any(count is not None for count in tokens) else None,
        usd_after=sum(usd_after, Decimal(0)) if usd_after else None,
        usd=sum(usd, Decimal(0)) if usd else None,
        seconds_after=sum(seconds) if seconds else None,
        mean_share=sum(shares) / len(shares) if shares else None,
    )


def _tokens(input_tokens: int | None, output_tokens: int | None) -> int | None:
    if input_tokens is None and output_tokens is None:
        return None
    return (input_tokens or 0) + (output_tokens or 0)


def _worst(failed: Sequence[Observation]) -> list[Worst]:
    def lost(run: Observation) -> tuple[Decimal, int, int]:
        after = run.after
        if after is None:
            return Decimal(0), 0, 0
        return after.cost_usd or Decimal(0), _tokens(after.input_tokens, after.output_tokens) or 0, after.turns

    return [
        Worst(
            run_id=run.run_id,
            task=run.task,
            origin_agent=run.origin_agent,
            origin_turn=run.origin_turn,
            turns_after=run.after.turns if run.after else 0,
            share_lost=run.share_lost,
            codes=run.codes,
        )
        for run in sorted(failed, key=lost, reverse=True)[:MOST_ROWS // 2]
    ]  # fmt: skip


def _clusters(failed: Sequence[Observation]) -> list[Cluster]:
    alike: dict[tuple[str, EndingKind, str], list[Observation]] = defaultdict(list)
    for run in failed:
        what = " + ".join(sorted(run.codes)) or run.origin_because or "no code found"
        alike[what, run.ending, run.origin_agent or "an unknown agent"].append(run)
    ranked = sorted(alike.items(), key=lambda item: (-len(item[1]), item[0]))
    found: list[Cluster] = []
    for (what, ending, agent), members in ranked[: MOST_ROWS // 2]:
        example = max(members, key=lambda run: (run.origin_confidence or 0.0, run.run_id))
        found.append(
            Cluster(
                label=f"{what}; begun by {agent}; ending {ending.value}",
                runs=len(members),
                share=len(members) / len(failed),
                example=example.run_id,
                example_task=example.task,
                example_reason=next(iter(example.reasons.values()), None),
            )
        )
    return found

"""AgentRx's labels: the root cause within one step, and all failed steps."""

from collections.abc import Mapping, Sequence

from benchmarks.attribution_answer import Method, same
from scripts.fit_attribution import LabelledRun, Origin

from masthead.diagnose.ranker import Weights, rank

Weighed = Mapping[str, Mapping[str, Weights]]
"""The coefficients to use for each question: fitted on the others."""

_WINDOW = """\
The row *answering for “within one”* takes, from the same beliefs, the turn with the most belief in it and its two
neighbours: what a reader would do who is only asked to come within one step. It was tried after the 38.1 had been
seen, it gains one run of 21 here, and on Who&When it gains none ({own} of {runs} runs of the hand-crafted part within
one step, against {plain}). So we do not count it: **40 % is not reached**, and `diagnose` does not answer like this."""


def agentrx_section(runs: Sequence[LabelledRun], method: Method, weighed: Weighed) -> list[str]:
    """Return the page's section."""
    both = [run for run in runs if run.root is not None]
    answers = [(run, method(run)) for run in both]
    share = 100 / len(both)
    ours = share * sum(bool(answer.turns) and _near(answer.turns[0], run.root) for run, answer in answers)
    first_3 = share * sum(any(_near(turn, run.root) for turn in answer.turns[:3]) for run, answer in answers)
    people = share * sum(_near(run.origin.turn, run.root) for run in both)
    exact = share * sum(run.root is not None and run.origin.turn == run.root.turn for run in both)
    agents = share * sum(run.root is not None and same(run.origin.agent, run.root.agent) for run in both)
    window = share * sum(_near(_window(run, weighed), run.root) for run in both)
    constant = max(
        (share * sum(_near(turn % len(run.case.steps), run.root) for run in both), turn) for turn in range(-3, 20)
    )
    crafted = [run for run in runs if run.part == "hand_crafted"]
    said = _WINDOW.format(
        own=sum(_near(_window(run, weighed), run.origin) for run in crafted),
        plain=sum(_near(method(run).turns[0], run.origin) for run in crafted),
        runs=len(crafted),
    )
    return [
        f"## AgentRx: the root cause of {len(both)} of the hand-crafted runs, within one step",
        "",
        "| who | root cause within one step | in the first 3 |",
        "|---|---|---|",
        f"| best constant, chosen on these labels (step {constant[1]}) | {constant[0]:.1f} | |",
        f"| together, fitted on other questions | {ours:.1f} | {first_3:.1f} |",
        f"| the same beliefs, answering for “within one” | {window:.1f} | |",
        f"| the people of Who&When on the same runs | {people:.1f} | |",
        "| asked for | 40 | |",
        "",
        *said.splitlines(),
        "",
        (
            f"All {len(both)} runs are also in Who&When. The two groups of people name the same step in {exact:.1f} %,"
            f" a step within one in {people:.1f} % and the same agent in {agents:.1f} %. That is what people reach on"
            " one another's labels, and about what can be asked of a program that is fitted on both."
        ),
        "",
        *_cases(both, method),
        "",
        *_failed_steps(both, weighed),
    ]


def _near(turn: int, root: Origin | None) -> bool:
    return root is not None and abs(turn - root.turn) <= 1


def _window(run: LabelledRun, weighed: Weighed) -> int:
    belief = {item.turn: item.confidence for item in rank(run.case, weighed[run.question])}
    return max(belief, key=lambda turn: sum(belief.get(near, 0.0) for near in (turn - 1, turn, turn + 1)))


def _cases(both: Sequence[LabelledRun], method: Method) -> list[str]:
    lines = [
        "The cases, by step; *ours* are the first three hypotheses, in bold where one is within one step of AgentRx's.",
        "",
        "| run of Who&When | turns | Who&When's people | AgentRx's people | ours |",
        "|---|---|---|---|---|",
    ]
    for run in both:
        ours = ", ".join(f"**{turn}**" if _near(turn, run.root) else str(turn) for turn in method(run).turns[:3])
        root = run.root.turn if run.root else ""
        lines.append(f"| {run.name} | {len(run.case.steps)} | {run.origin.turn} | {root} | {ours} |")
    return lines


def _failed_steps(runs: Sequence[LabelledRun], weighed: Weighed) -> list[str]:
    """Compare the recall of all failed steps at the precision of constants: the first k turns of the workers."""
    ranked = {run.name: [item.turn for item in rank(run.case, weighed[run.question])] for run in runs}
    curve = [_precision_recall([(run, ranked[run.name][:k]) for run in runs]) for k in range(1, 41)]
    lines = [
        "All failed steps that AgentRx's people name. Constants: the first k turns of the agents that are directed.",
        "Ours: the first k of the ranking, and the longest list of it that is at least as precise as the constant. At",
        "equal precision ours finds more of them up to k = 5, and fewer at k = 8.",
        "",
        "| k | constants: precision | recall | ours: precision | recall | ours, equally precise: recall | its k |",
        "|---|---|---|---|---|---|---|",
    ]
    for k in (1, 2, 3, 5, 8):
        precision, recall = _precision_recall([(run, _workers_turns(run)[:k]) for run in runs])
        mine = curve[k - 1]
        longest = max((length for length, (own, _) in enumerate(curve, start=1) if own >= precision), default=0)
        equal = f"{curve[longest - 1][1]:.1f} | {longest}" if longest else "– | –"
        lines.append(f"| {k} | {precision:.1f} | {recall:.1f} | {mine[0]:.1f} | {mine[1]:.1f} | {equal} |")
    return lines


def _workers_turns(run: LabelledRun) -> list[int]:
    return [turn for turn in run.case.candidates if run.case.steps[turn].speaker != run.case.hub]


def _precision_recall(chosen: Sequence[tuple[LabelledRun, list[int]]]) -> tuple[float, float]:
    right = sum(len(set(turns) & set(run.failed)) for run, turns in chosen)
    named = sum(len(turns) for _, turns in chosen)
    failed = sum(len(set(run.failed)) for run, _ in chosen)
    return 100 * right / max(1, named), 100 * right / max(1, failed)

from dataclasses import replace

import pytest

from masthead.model.conversation import EndingKind
from masthead.model.diagnosis import Spending
from masthead.model.errors import InvalidInput
from masthead.model.ids import AgentId, Code, RunId
from masthead.model.observation import Observation
from masthead.report.compare import compare_groups, corrected
from masthead.report.observation import selector, values_of
from masthead.report.page import comparison_page, report_page
from masthead.report.plain import plain
from masthead.report.rates import cells_of, grouped, rates_by
from masthead.report.summary import summarise

pytestmark = pytest.mark.unit


def run(
    task: str,
    *,
    seed: int | None = 1,
    design: str = "a",
    success: bool | None = True,
    codes: tuple[str, ...] = (),
    number: int = 0,
) -> Observation:
    metadata = {"design": design, "model": "m"} | ({"seed": str(seed)} if seed is not None else {})
    return Observation(
        run_id=RunId(f"{task}-{seed}-{design}-{number}"),
        task_id=task,
        task=f"solve {task}",
        system="team",
        is_success=success,
        ending=EndingKind.COMPLETED,
        agents=(AgentId("Solver"), AgentId("Checker")),
        metadata=metadata,
        codes=tuple(Code(code) for code in codes),
        origin_agent=None if success else AgentId("Solver"),
        origin_turn=None if success else 2,
        total=Spending(turns=10),
        after=None if success else Spending(turns=6),
        share_lost=None if success else 0.6,
    )


def test_a_missing_run_is_wrong_among_the_attempted_and_absent_among_the_recorded():
    runs = [run("t1"), run("t2"), run("t1", design="b")]
    first, second = rates_by(runs, ["design"])
    assert (first.successes, first.recorded, first.attempted) == (2, 2, 2)
    assert (second.successes, second.recorded, second.attempted) == (1, 1, 2)
    assert second.of_recorded == 1.0
    assert second.of_attempted == 0.5


def test_a_run_without_a_verdict_is_in_neither_rate():
    rate = rates_by([run("t1"), run("t2", success=None), run("t3", success=False)], ["system"])[0]
    assert (rate.successes, rate.recorded, rate.undecided) == (1, 2, 1)
    assert rate.of_recorded == 0.5


def test_a_group_that_holds_two_designs_should_hold_each_task_twice():
    runs = [run("t1"), run("t2"), run("t1", design="b")]
    rate = rates_by(runs, ["model"], ["model", "design"])[0]
    assert (rate.recorded, rate.attempted) == (3, 4)


def test_without_seeds_no_attempt_is_called_missing():
    runs = [run("t1", seed=None), run("t2", seed=None), run("t1", seed=None, design="b")]
    assert [rate.attempted for rate in rates_by(runs, ["design"])] == [2, 1]


def test_pairs_are_by_task_and_seed_and_count_missing_runs_both_ways():
    tasks = [f"t{number}" for number in range(12)]
    first = [run(task, success=number < 4) for number, task in enumerate(tasks)]
    second = [run(task, design="b") for task in tasks[:-1]]
    (comparison,) = corrected(compare_groups({"a": first, "b": second}))
    assert comparison.attempted.pairs == 12
    assert (comparison.attempted.only_first, comparison.attempted.only_second) == (0, 7)
    assert comparison.recorded.pairs == 11
    assert comparison.recorded.p == pytest.approx(2 / 2**7)
    assert comparison.recorded.is_different
    assert comparison.attempted.difference is not None
    assert comparison.attempted.difference.value == pytest.approx(11 / 12 - 4 / 12)


def test_groups_without_a_task_in_common_are_compared_unpaired():
    first = [run(f"a{number}", success=False) for number in range(8)]
    second = [run(f"b{number}", design="b") for number in range(8)]
    (comparison,) = corrected(compare_groups({"a": first, "b": second}))
    assert comparison.recorded.pairs == 0
    assert comparison.recorded.p == pytest.approx(2 / 12870)


def test_repeats_without_seeds_are_paired_in_order():
    cells = cells_of([run("t1", seed=None), run("t1", seed=None, number=1), run("t2", seed=None)])
    assert [tuple(cell) for cell in cells] == [("t1", "#0"), ("t1", "#1"), ("t2", "#0")]


def test_holm_is_over_all_comparisons():
    groups = {
        name: [run(f"t{n}", design=name, success=n < wins) for n in range(20)]
        for name, wins in (("a", 5), ("b", 12), ("c", 19))
    }
    comparisons = corrected(compare_groups(groups))
    assert len(comparisons) == 3
    assert all(
        c.recorded.p_holm is not None and c.recorded.p is not None and c.recorded.p_holm >= c.recorded.p
        for c in comparisons
    )
    assert comparisons[1].recorded.p_holm == pytest.approx(3 * (comparisons[1].recorded.p or 0))


def test_a_design_that_adds_a_failure_mode_is_named():
    first = [run(f"t{n}") for n in range(20)]
    second = [run(f"t{n}", design="b", codes=("FM-1.3",)) for n in range(20)]
    (comparison,) = corrected(compare_groups({"a": first, "b": second}))
    (entry,) = comparison.codes
    assert entry.test.is_different
    assert (entry.test.only_first, entry.test.only_second) == (0, 20)
    assert "FM-1.3" in comparison_page("Comparison", [comparison])


def test_the_summary_counts_codes_order_agents_and_cost():
    runs = [
        run("t1", success=False, codes=("FM-1.3", "FM-3.2")),
        run("t2", success=False, codes=("FM-1.3", "FM-3.2")),
        run("t3", success=False, codes=("FM-3.2", "FM-1.3")),
        run("t4"),
    ]
    summary = summarise(runs, ["design"])
    assert [(row.code, row.runs, row.of_failed, row.of_succeeded) for row in summary.codes] == [
        ("FM-1.3", 3, 1.0, 0.0),
        ("FM-3.2", 3, 1.0, 0.0),
    ]
    (pair,) = summary.pairs
    assert (pair.first, pair.second, pair.runs, pair.first_leads) == ("FM-1.3", "FM-3.2", 3, 2)
    assert pair.lift == pytest.approx(3 * 4 / 9)
    assert [(share.name, share.runs) for share in summary.first_agents] == [("Solver", 3)]
    assert (summary.lost.turns_after, summary.lost.turns, summary.lost.tokens) == (18, 40, None)
    assert [(cluster.runs, cluster.share) for cluster in summary.clusters] == [(3, 1.0)]


def test_a_report_page_needs_nothing_from_elsewhere_and_escapes_what_runs_say():
    hostile = replace(run("t1", success=False, codes=("FM-1.3",)), task="<script>alert(1)</script>")
    page = report_page("Report", summarise([hostile, run("t2", design="<b>")], ["design"]))
    assert "<script" not in page
    assert "http" not in page
    assert "&lt;script&gt;" in page
    assert "&lt;b&gt;" in page
    assert "prefers-color-scheme" in page


def test_json_keeps_names_and_says_unknown_with_null():
    (comparison,) = corrected(compare_groups({"a": [run("t1")], "b": [run("t1", design="b")]}))
    data = plain(comparison)
    assert data["recorded"]["first"] == {"successes": 1, "attempts": 1}
    assert data["stratum"] is None


def test_a_selector_needs_key_and_value():
    assert selector("design=a, model=m").matches(run("t1"))
    assert not selector("design=b").matches(run("t1"))
    assert selector("agent=Checker").matches(run("t1"))
    with pytest.raises(InvalidInput, match="'design' is not key=value"):
        selector("design")


def test_runs_group_by_two_keys_and_by_every_agent():
    runs = [run("t1"), run("t2", design="b")]
    assert list(grouped(runs, ["model", "design"])) == ["m · a", "m · b"]
    assert {name: len(members) for name, members in grouped(runs, ["agent"]).items()} == {"Checker": 2, "Solver": 2}
    assert values_of(runs[0], "nothing") == ()

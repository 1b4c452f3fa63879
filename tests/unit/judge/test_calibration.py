"""Holding an evaluator against labels: reading, counting, baselines, and fits that have not seen what they judge."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from masthead.judge.agreement_page import Agreement, FalseAlarms, page
from masthead.judge.calibrate import Rating, Ratings, always_no, calibrate, either, pooled, system_prior
from masthead.judge.first_tier import baselines, exact_duplicate, fire, fit, fits, measure, rate, shipped
from masthead.judge.labels import LabelledRun, read_labels, run_of
from masthead.model.errors import InvalidInput, NotFound
from masthead.model.ids import Code
from masthead.testing.turns import say, talk

pytestmark = pytest.mark.unit

REPEAT, RESTART, JUDGED = Code("FM-1.3"), Code("FM-2.1"), Code("FM-2.6")
WORK = "\n".join(f"def step_{i}(): return compute({i})" for i in range(12))
NEARLY = WORK.replace("compute(3)", "compute(33)")
REPEATING = talk(say("coder", "x"), say("tester", WORK), say("reviewer", "hm"), say("tester", NEARLY))
PLAIN = talk(say("coder", "x"), say("tester", WORK), say("reviewer", "Good."))


def labelled(system: str, number: int, **flags: bool) -> LabelledRun:
    labels = {Code("FM-" + name.removeprefix("c").replace("_", ".")): flag for name, flag in flags.items()}
    return LabelledRun(run=f"{system}-{number}", task=f"{system}/{number}", system=system, labels=labels)


def ratings(*rows: Mapping[Code, bool | None]) -> Ratings:
    return [{code: Rating(flag=flag) for code, flag in row.items()} for row in rows]


def test_rows_of_run_code_and_label_are_read_from_csv_and_open_ones_left_out(tmp_path: Path):
    path = tmp_path / "labels.csv"
    path.write_text(
        "run,code,label,task,system\na,FM-1.3,yes,t1,S\na,FM-2.1,0,t1,S\nb,FM-1.3,,t2,S\n", encoding="utf-8"
    )
    assert read_labels(path) == [
        LabelledRun(run="a", task="t1", system="S", labels={REPEAT: True, RESTART: False}),
    ]


def test_rows_are_read_from_json_lines_too(tmp_path: Path):
    path = tmp_path / "labels.jsonl"
    path.write_text('{"run": "a", "code": "FM-1.3", "label": true}\n{"run": "a", "code": "FM-2.1", "label": null}\n')
    assert read_labels(path) == [LabelledRun(run="a", task="a", system="unknown", labels={REPEAT: True})]


def test_masts_own_rows_are_read_with_their_system_and_near_codes_as_absent(tmp_path: Path):
    path = tmp_path / "labels.jsonl"
    codes = '"mast14": ["1.3"], "mast14_near": ["2.2"], "label_complete": true'
    path.write_text(f'{{"framework": "S", "task_id": "7", "trace": "t/7.json", {codes}}}\n', encoding="utf-8")
    (run,) = read_labels(path)
    assert (run.run, run.task, run.system) == ("t/7.json", "S/7", "S")
    assert run.labels[REPEAT] is True
    assert run.labels[Code("FM-2.2")] is False
    assert len(run.labels) == 14


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"run": "a", "code": "FM-1.3", "label": "perhaps"}', r"labels\.jsonl:1.*'perhaps'"),
        ('{"run": "a", "label": true}', r"labels\.jsonl:1.*needs `run` and `code`"),
        ("[1, 2]", "a label is an object"),
    ],
)
def test_a_label_that_cannot_be_read_is_refused_with_its_line(tmp_path: Path, text: str, message: str):
    path = tmp_path / "labels.jsonl"
    path.write_text(text + "\n", encoding="utf-8")
    with pytest.raises(InvalidInput, match=message):
        read_labels(path)


def test_a_label_without_its_run_says_where_it_was_looked_for(tmp_path: Path):
    with pytest.raises(NotFound, match=r"'S-1'"):
        run_of(labelled("S", 1), tmp_path / "labels.csv")


def test_counts_leave_abstentions_out_and_show_the_coverage():
    runs = [labelled("S", i, c1_3=flag, c2_6=True) for i, flag in enumerate((True, True, False, False))]
    found = calibrate("x", runs, ratings({REPEAT: True}, {REPEAT: False}, {REPEAT: True}, {REPEAT: None}), draws=50)
    by_code = {line.name: line for line in found.codes}
    table = by_code[REPEAT].table
    assert (table.true_positive, table.false_positive, table.false_negative, table.true_negative) == (1, 1, 1, 0)
    assert by_code[REPEAT].coverage == 0.75
    assert by_code[JUDGED].coverage == 0
    assert by_code[JUDGED].table.kappa is None
    assert found.pooled.table == table
    assert found.pooled_all.table.false_negative == 5


def test_the_prior_does_not_see_the_run_it_rates():
    runs = [labelled("S", i, c1_3=flag) for i, flag in enumerate((True, False, False, False))]
    rates = [rating[REPEAT].confidence for rating in system_prior(runs)]
    assert rates == [0, 1 / 3, 1 / 3, 1 / 3]
    assert [rating[REPEAT].flag for rating in system_prior(runs)] == [False, True, True, True]
    assert system_prior([labelled("T", 1, c1_3=True)])[0][REPEAT].flag is False


def test_baselines_join_and_always_no_finds_nothing():
    runs = [labelled("S", 1, c1_3=True)]
    assert either(always_no(runs), ratings({REPEAT: True}))[0][REPEAT].flag is True
    assert pooled(runs, always_no(runs), [REPEAT]).true_positive == 0


def test_exact_duplicates_are_counted_for_agents_only():
    same = say("user", "Please do as I said and nothing else, thank you very much.")
    quoted = talk(same, say("coder", "ok"), same)
    copied = talk(say("tester", WORK), say("reviewer", "hm"), say("tester", WORK))
    assert [rating[REPEAT].flag for rating in exact_duplicate([copied, PLAIN, quoted])] == [True, False, False]


RUNS = [labelled(system, i, c1_3=i < 2, c2_1=False) for system in ("S", "T") for i in range(4)]
CONVERSATIONS = [REPEATING if i % 4 < 2 else PLAIN for i in range(8)]
RIVALS = {"always no": always_no(RUNS)}


def test_a_rule_that_beats_the_baseline_is_on_and_its_confidence_is_its_smoothed_precision():
    fires = fire(CONVERSATIONS)
    measured = measure(RUNS, fires, RIVALS)["repeated-work"]
    assert measured.is_on
    assert measured.precision == 0.9  # (4 + 1/2) / (4 + 1)
    fitted = fit(RUNS, fires, RIVALS)
    assert "repeated-work" in fitted.proven
    assert "repeated-call" in fitted.on - fitted.proven
    assert fitted.missed == {REPEAT: 0.1}  # (0 + 1/2) / (4 + 1)


def test_what_ships_is_rated_without_a_look_at_the_labels():
    fires = fire(CONVERSATIONS)
    found = rate(fires, [shipped()] * 8)[0]
    assert found[REPEAT].flag is True
    assert found[RESTART].flag is False
    assert JUDGED not in found


def test_ratings_abstain_where_no_proven_rule_speaks():
    fires = fire(CONVERSATIONS)
    found = rate(fires, fits(RUNS, fires, RIVALS, left="nothing"))
    assert found[0][REPEAT].flag is True
    assert abs((found[0][REPEAT].confidence or 0) - 0.9) < 1e-9
    assert found[3][REPEAT].flag is False
    assert RESTART not in found[0]


def test_what_is_fitted_without_a_system_does_not_see_it():
    runs = [labelled("S", i, c1_3=i < 2) for i in range(4)] + [labelled("T", i, c1_3=False) for i in range(4)]
    fires = fire([REPEATING if i < 2 else PLAIN for i in range(8)])
    rivals = {"always no": always_no(runs)}
    whole = fits(runs, fires, rivals, left="nothing")
    apart = fits(runs, fires, rivals, left="system")
    assert "repeated-work" in whole[0].on
    assert "repeated-work" not in apart[0].proven  # only S has positives, and S was left out
    assert "repeated-work" in apart[-1].proven
    strict = rate(fires, apart, is_strict=True)
    assert [REPEAT in rating for rating in strict] == [False] * 4 + [True] * 4


def test_the_page_shows_figures_dashes_and_judges_and_no_text_of_the_runs():
    rivals = baselines(RUNS, CONVERSATIONS)
    fires = fire(CONVERSATIONS)
    tier = calibrate(
        "detectors", RUNS, rate(fires, fits(RUNS, fires, rivals, left="nothing")), baselines=rivals, draws=20
    )
    text = page(
        Agreement(
            labels="labels.csv",
            command="masthead calibrate labels.csv",
            systems={"S": 4, "T": 4},
            tier=tier,
            held_out=[("fitted without the run's system", tier.pooled)],
            blind=[("without the outcome, FM-3.3 left out", tier.pooled)],
            by_system=[("S", tier.pooled)],
            reliability=tier,
            rules=measure(RUNS, fires, rivals),
            alarm_auroc=None,
            blind_alarm_auroc=0.5,
            clean=[FalseAlarms(name="clean.json", runs=10, by_code={REPEAT: 1})],
        )
    )
    assert "| FM-1.3 Step repetition | 4 of 8 | 4 / 0 / 0 | 1.00 | 1.00 |" in text
    assert "| FM-2.1 Conversation reset | | needs a judge |" in text
    assert "| FM-1.3 | 1 (10.0%) |" in text
    assert "AUROC of –; without the recorded outcome, 0.50" in text
    assert "without the outcome, FM-3.3 left out" in text
    assert "def step_" not in text

"""Trends: by day, by week over long spans, and nothing where the record has no times."""

import pytest

from masthead.model.conversation import EndingKind
from masthead.model.diagnosis import Spending
from masthead.model.errors import InvalidInput
from masthead.model.ids import Code, RunId
from masthead.model.observation import Observation
from masthead.report.observation import keys_of, selector
from masthead.report.statistics import wilson
from masthead.report.trends import trends

pytestmark = pytest.mark.unit

DAY = 20_590


def run(day: int | None, *codes: str, success: bool | None = True, number: int = 0) -> Observation:
    return Observation(
        run_id=RunId(f"{day}-{number}"),
        task_id=None,
        task=None,
        system="team",
        is_success=success,
        ending=EndingKind.COMPLETED,
        day=day,
        codes=tuple(Code(code) for code in codes),
        metadata={"number": str(number)},
        total=Spending(turns=1),
    )


def test_each_day_has_its_rate_and_its_codes_with_intervals() -> None:
    first, second = trends([run(DAY + 1), run(DAY, "FM-1.3", success=False), run(DAY, number=1)])
    assert (first.day, first.days, first.runs, second.day) == (DAY, 1, 2, DAY + 1)
    assert (first.success.successes, first.success.recorded) == (1, 2)
    assert [(code.code, code.runs, code.share, code.interval) for code in first.codes] == [
        ("FM-1.3", 1, 0.5, wilson(1, 2))
    ]
    assert second.codes == ()


def test_long_spans_are_cut_into_weeks_that_begin_on_monday() -> None:
    found = trends([run(DAY + offset, number=offset) for offset in range(0, 70, 2)])
    assert {each.days for each in found} == {7}
    assert {(each.day - 4) % 7 for each in found} == {0}
    assert sum(each.runs for each in found) == 35


def test_runs_without_times_are_in_no_trend() -> None:
    assert trends([run(None)]) == []
    assert len(trends([run(None), run(DAY)])) == 1


def test_a_period_is_half_open_and_leaves_undated_runs_out() -> None:
    period = selector("since=2026-05-17,until=2026-05-18")
    days = {None: False, DAY - 1: False, DAY: True, DAY + 1: False}
    assert {day: period.matches(run(day)) for day in days} == days


def test_a_period_that_is_no_day_is_refused() -> None:
    with pytest.raises(InvalidInput, match="2026-01-31"):
        selector("since=yesterday")


def test_keys_that_name_runs_rather_than_groups_are_left_out() -> None:
    found = {key.key: key for key in keys_of([run(DAY, number=number) for number in range(100)])}
    assert "number" not in found
    assert found["system"].values == 1
    assert not found["system"].is_metadata

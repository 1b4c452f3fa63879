"""How much of limits is used, in words of share and time, from what each process counts."""

from decimal import Decimal

import pytest

from masthead.gateway.config_routes import LimitConfig
from masthead.gateway.policy.counters import Used
from masthead.gateway.policy.limits import slots_of
from masthead.gateway.policy.uses import LimitUse, uses
from masthead.model.ids import ProjectId

pytestmark = pytest.mark.unit

PROJECT = ProjectId("one")
NOW_NS = 1_700_000_000 * 1_000_000_000
"""2023-11-14T22:13:20Z."""
DAY_ENDS_NS = 1_700_006_400 * 1_000_000_000
BY_USER = LimitConfig(per="user", window="day", requests=10, tokens=1000)
WHOLE = LimitConfig(per="project", window="total", cost_usd=Decimal(2))


def slot(limit: LimitConfig, subject: str, now_ns: int = NOW_NS, project: ProjectId = PROJECT) -> str:
    return slots_of(project, limit, now_ns)[0] + subject


def test_each_subject_is_told_the_fullest_first_with_the_end_of_its_window() -> None:
    counted = {
        slot(BY_USER, "ada"): Used(requests=2, tokens=900),
        slot(BY_USER, "bob"): Used(requests=5),
        slot(WHOLE, "one"): Used(requests=7, nano_usd=500_000_000),
    }
    found = uses(PROJECT, [BY_USER, WHOLE], [counted], NOW_NS)
    assert [(one.subject, one.share, one.until_ns) for one in found] == [
        ("ada", 0.9, DAY_ENDS_NS),
        ("bob", 0.5, DAY_ENDS_NS),
        ("one", 0.25, None),
    ]


def test_a_limit_of_which_nothing_is_used_is_told_too() -> None:
    assert uses(PROJECT, [BY_USER], [{}], NOW_NS) == [LimitUse(BY_USER, None, Used(), DAY_ENDS_NS)]


def test_windows_that_are_over_and_other_projects_do_not_count() -> None:
    counted = {
        slot(BY_USER, "ada", NOW_NS - 86_400 * 1_000_000_000): Used(requests=9),
        slot(BY_USER, "eve", project=ProjectId("two")): Used(requests=9),
    }
    assert [one.subject for one in uses(PROJECT, [BY_USER], [counted], NOW_NS)] == [None]


def test_of_processes_that_count_by_themselves_the_fullest_is_told() -> None:
    counted = [{slot(WHOLE, "one"): Used(nano_usd=1_000_000_000)}, {slot(WHOLE, "one"): Used(nano_usd=1_500_000_000)}]
    (one,) = uses(PROJECT, [WHOLE], counted, NOW_NS)
    assert one.share == 0.75


def test_a_keys_own_limits_are_told_with_what_the_key_used() -> None:
    own = LimitConfig(per="key", window="day", requests=4)
    counted = {slot(own, "k1"): Used(requests=3), slot(own, "k2"): Used(requests=1)}
    found = uses(PROJECT, [], [counted], NOW_NS, of_keys={"k1": [own], "k3": [own]})
    assert [(one.subject, one.used.requests, one.share) for one in found] == [("k1", 3, 0.75), ("k3", 0, 0.0)]

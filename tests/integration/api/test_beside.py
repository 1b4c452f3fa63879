"""A run beside another one, a finding as a test, and where a turn led, over HTTP."""

import pytest

from masthead.testing.site import Site, run_id

pytestmark = pytest.mark.integration


def test_two_runs_stand_beside_each_other_in_columns(site: Site) -> None:
    path = f"/api/v1/runs/{run_id(1)}/beside/{run_id(2)}"
    beside = site.ask("GET", path, site.key("one", "viewer")).json()
    assert [turn for turn in beside["left"] if turn is not None] == [0, 1, 2, 3]
    assert len({len(beside[column]) for column in ("left", "right", "match", "likeness")}) == 1
    assert beside["difference"] == 0
    itself = site.ask("GET", f"/api/v1/runs/{run_id(1)}/beside/{run_id(1)}", site.key("one")).json()
    assert (itself["divergence"], itself["difference"]) == (None, None)
    assert {itself["matches"][each] for each in itself["match"]} == {"same"}


def test_a_run_of_another_project_is_not_there_to_be_compared(site: Site) -> None:
    path = f"/api/v1/runs/{run_id(1)}/beside/{run_id(11)}"
    assert site.ask("GET", path, site.key("one")).status_code == 404


def test_a_finding_is_copied_as_a_test(site: Site) -> None:
    params = {"code": "FM-2.6", "evaluator": "key:ada", "evidence": [1, 2], "reason": "It said otherwise"}
    case = site.ask("GET", f"/api/v1/runs/{run_id(1)}/test-case", site.key("one", "viewer"), params=params).json()
    assert case["name"].startswith("test_fm_2_6_")
    assert case["turns"] == 4
    assert "conversation_from(" in case["source"]


def test_a_failure_is_followed_from_the_turn_that_is_named(site: Site) -> None:
    path = f"/api/v1/runs/{run_id(1)}/followed"
    followed = site.ask("GET", path, site.key("one", "viewer"), params={"turn": 1}).json()
    assert followed["spread"]["origin"] == 1
    assert followed["cost"]["after"]["turns"] == 2
    refused = site.ask("GET", path, site.key("one"), params={"turn": 99})
    assert (refused.status_code, refused.json()["where"]) == (422, "turn")

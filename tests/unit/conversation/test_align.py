"""Two runs beside each other: every turn once, in order, and the right place where they part."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from masthead.conversation.align import align
from masthead.model.alignment import Alignment
from masthead.testing.conversations import conversation

pytestmark = pytest.mark.unit

START = ["human: what is the total", "Planner -> Coder: add the two columns", "Coder: the total is 41"]


def _aligned(left: list[str], right: list[str]) -> Alignment:
    return align(conversation(left), conversation(right, run=2))


def _rows(alignment: Alignment) -> list[tuple[int | None, int | None, str]]:
    return [(row.left, row.right, row.match) for row in alignment.rows]


def test_equal_runs_never_part() -> None:
    alignment = _aligned(START, START)
    assert _rows(alignment) == [(0, 0, "same"), (1, 1, "same"), (2, 2, "same")]
    assert (alignment.divergence, alignment.difference) == (None, None)


def test_other_words_for_the_same_step_are_a_difference_and_no_divergence() -> None:
    other = [START[0], "Planner -> Coder: please add the two columns", "Coder: 42"]
    alignment = _aligned(START, other)
    assert [row.match for row in alignment.rows] == ["same", "alike", "changed"]
    assert (alignment.difference, alignment.divergence) == (1, 2)


def test_an_inserted_turn_shifts_what_follows() -> None:
    alignment = _aligned(START, [*START[:2], "Reviewer: which columns do you mean", *START[2:]])
    assert _rows(alignment) == [(0, 0, "same"), (1, 1, "same"), (None, 2, "right"), (2, 3, "same")]
    assert alignment.divergence == 2


def test_the_same_words_by_another_agent_are_beside_each_other_but_changed() -> None:
    alignment = _aligned(START, [*START[:2], "Tester: the total is 41"])
    assert _rows(alignment)[2] == (2, 2, "changed")


def test_another_tool_is_another_step() -> None:
    left = conversation(["Coder: look", "terminal: ok"])
    alignment = align(left, conversation(["Coder: look", "Error: ok"], run=2))
    assert alignment.divergence == 1


def test_long_runs_with_nothing_in_common_are_aligned_within_the_band() -> None:
    left = [f"A: {' '.join(f'w{each * 7 % 911}' for each in range(place, place + 9))}" for place in range(1_500)]
    right = [f"A: {' '.join(f'v{each * 5 % 877}' for each in range(place, place + 9))}" for place in range(1_400)]
    _assert_complete(_aligned(left, right), 1_500, 1_400)


LINE = st.builds("{}: {}".format, st.sampled_from("ABC"), st.text("xyz ", max_size=6))


@given(st.lists(LINE, max_size=12), st.lists(LINE, max_size=12))
def test_every_turn_of_both_stands_in_one_row_in_order(left: list[str], right: list[str]) -> None:
    alignment = _aligned(left, right)
    _assert_complete(alignment, len(left), len(right))
    assert all((row.match == "left") == (row.right is None) for row in alignment.rows)
    if left == right:
        assert alignment.difference is None


def _assert_complete(alignment: Alignment, left: int, right: int) -> None:
    assert [row.left for row in alignment.rows if row.left is not None] == list(range(left))
    assert [row.right for row in alignment.rows if row.right is not None] == list(range(right))

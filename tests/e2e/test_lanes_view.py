"""A lane an agent: over time or in order, with handoffs, facts, the origin and the way of the failure."""

from dataclasses import replace

import pytest
from playwright.sync_api import Page, expect

from masthead.model.conversation import Conversation
from masthead.testing.conversations import conversation
from masthead.testing.live import LiveServer

pytestmark = pytest.mark.e2e

SECOND_NS = 1_000_000_000
FIRST_NS = 1_795_000_000_000_000_000
LINES = [
    "human: What is the total of order 80441?",
    "Planner -> Clerk: look up order 80441",
    "Clerk: order 80441 costs 9317 crowns, so says the ledger of the year 1672",
    "Planner -> Writer: write that order 80441 costs 9317 crowns",
    "Writer: the total of order 80441 is 9317 crowns",
    "Planner: the total is 9317 crowns",
]


def _dated(number: int) -> Conversation:
    """Return the run with a second between turns, and a minute before the last one."""
    run = conversation(LINES, run=number, answer="the total is 9317 crowns")
    seconds = [0, 1, 2, 3, 4, 64]
    turns = [
        replace(turn, start_ns=FIRST_NS + at * SECOND_NS, end_ns=FIRST_NS + at * SECOND_NS + SECOND_NS // 2)
        for turn, at in zip(run.turns, seconds, strict=True)
    ]
    return replace(run, turns=tuple(turns))


@pytest.fixture(scope="module")
def dated(server: LiveServer) -> str:
    """Bring a run with times in and return the address of its lanes."""
    run = _dated(0xD1)
    server.put("scored", run)
    return f"{server.url}/runs/{run.run_id}?project=scored&view=lanes"


def _left(page: Page, turn: int) -> float:
    box = page.locator(f'.block[aria-label^="Turn {turn},"]').bounding_box()
    assert box is not None
    return box["x"]


def test_turns_stand_where_they_began_or_in_order(page: Page, dated: str) -> None:
    page.goto(dated)
    expect(page.get_by_role("group", name="Along").get_by_role("button", name="Time")).to_have_attribute(
        "aria-pressed", "true"
    )
    assert _left(page, 5) - _left(page, 4) > 4 * (_left(page, 4) - _left(page, 3))
    expect(page.locator(".lanes-ruler")).to_contain_text("1 m 04 s")
    expect(page.locator(".lanes-cut")).to_have_count(1)
    page.get_by_role("group", name="Along").get_by_role("button", name="Order").click()
    expect(page.locator(".lanes-ruler")).not_to_contain_text("s")
    assert _left(page, 5) - _left(page, 4) == pytest.approx(_left(page, 4) - _left(page, 3), abs=1)


def test_a_log_without_times_is_in_order_and_says_so(page: Page, server: LiveServer) -> None:
    run = conversation(LINES, run=0xD2)
    server.put("scored", run)
    page.goto(f"{server.url}/runs/{run.run_id}?project=scored&view=lanes")
    expect(page.locator(".block")).to_have_count(6)
    expect(page.get_by_role("group", name="Along")).to_have_count(0)


def test_handoffs_facts_and_the_way_of_the_failure_are_drawn(page: Page, dated: str) -> None:
    page.goto(f"{dated}&turn=2")
    expect(page.locator(".link-handoff")).to_have_count(2)
    facts = page.get_by_role("group", name="Facts from")
    facts.get_by_role("button", name="This turn").click()
    expect(page.locator(".fact-line.is-way").first).to_be_attached()
    used = page.locator(".fact-list")
    expect(used).to_contain_text("Was used by")
    expect(used).to_contain_text("9317")
    expect(page.locator('.block[aria-label*="rests on where it began"]').first).to_be_visible()
    used.get_by_role("button", name="turn 3").click()
    expect(page.get_by_role("region", name="The selected turn")).to_contain_text("write that order 80441")
    facts.get_by_role("button", name="Off").click()
    expect(page.locator(".fact-line")).to_have_count(0)


def test_the_origin_is_marked_in_its_lane_and_in_the_map(page: Page, dated: str) -> None:
    page.goto(dated)
    expect(page.locator(".block.is-origin")).to_have_count(1)
    expect(page.locator('.block.is-origin[aria-label*="it began here"]')).to_be_visible()
    expect(page.locator(".lanes-overview .tick-origin")).to_have_count(1)


def test_the_selected_turn_stays_from_view_to_view(page: Page, dated: str) -> None:
    page.goto(dated)
    page.locator('.block[aria-label^="Turn 4,"]').click()
    expect(page.get_by_role("link", name="Lanes")).to_have_attribute("aria-current", "page")
    page.keyboard.press("1")
    expect(page.get_by_role("article", name="Turn 4,")).to_have_attribute("aria-current", "true")
    page.keyboard.press("4")
    expect(page.locator(".span-row.is-chosen")).to_be_visible()
    page.keyboard.press("3")
    expect(page.locator(".flow-node.is-origin")).to_contain_text("Began here")
    page.keyboard.press("2")
    expect(page.locator('.block[aria-label^="Turn 4,"]')).to_have_attribute("aria-pressed", "true")

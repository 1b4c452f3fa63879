"""Two runs side by side: aligned by turn, the place where they part marked, reached from a run."""

from dataclasses import replace

import pytest
from playwright.sync_api import Page, expect

from masthead.model.conversation import Conversation
from masthead.testing.conversations import conversation
from masthead.testing.live import LiveServer

pytestmark = pytest.mark.e2e

TASK = "Mend the rudder before noon"
START = [
    "human: Mend the rudder before noon",
    "Planner -> Carpenter: take the rudder off",
    "Carpenter: it is off",
    "Planner -> Carpenter: plane it down by two fingers",
    "Carpenter: it is planed",
]
GOOD = [*START, "Carpenter: I hung it and tried it, it turns", "Planner: the rudder turns"]
BAD = [*START, "Smith: I lost the pin", "Planner: the rudder turns"]


def _run(number: int, lines: list[str], *, is_success: bool) -> Conversation:
    return replace(conversation(lines, run=number, is_success=is_success, answer="the rudder turns"), task=TASK)


@pytest.fixture(scope="module")
def two(server: LiveServer) -> tuple[str, str, str]:
    """Bring both runs in; return the server's address and their ids."""
    good, bad = _run(0xE1, GOOD, is_success=True), _run(0xE2, BAD, is_success=False)
    server.put("scored", good, bad)
    return server.url, good.run_id, bad.run_id


def test_equal_turns_are_folded_and_the_divergence_is_marked(page: Page, two: tuple[str, str, str]) -> None:
    url, good, bad = two
    page.goto(f"{url}/runs/{good}/beside/{bad}?project=scored")
    expect(page.locator(".beside-title")).to_contain_text("After 5 turns in step (5 the same) they part.")
    fold = page.get_by_role("button", name="5 turns the same")
    parting = page.locator(".beside-row.is-parting")
    expect(parting).to_contain_text("Here they part")
    expect(parting).to_contain_text("I hung it")
    fold.click()
    expect(page.locator(".beside-row")).to_have_count(8)
    expect(page.locator(".beside-row").first).to_contain_text("Same")


def test_keys_go_from_difference_to_difference(page: Page, two: tuple[str, str, str]) -> None:
    url, good, bad = two
    page.goto(f"{url}/runs/{good}/beside/{bad}?project=scored")
    expect(page.locator(".beside-row.is-parting")).to_be_visible()
    page.keyboard.press("d")
    expect(page.locator(".beside-row.is-parting")).to_have_attribute("aria-current", "true")
    page.keyboard.press("j")
    expect(page.locator(".beside-row[aria-current]")).to_contain_text("I lost the pin")


def test_a_run_of_the_same_task_is_offered_first(page: Page, two: tuple[str, str, str]) -> None:
    url, good, bad = two
    page.goto(f"{url}/runs/{good}?project=scored")
    expect(page.locator(".turn").first).to_be_visible()
    page.keyboard.press("b")
    dialog = page.get_by_role("dialog", name="Compare with another run")
    expect(dialog.get_by_role("link")).to_have_count(1)
    dialog.get_by_role("link", name=TASK).click()
    expect(page).to_have_url(f"{url}/runs/{good}/beside/{bad}?project=scored")
    page.get_by_role("link", name="Swap sides").click()
    expect(page).to_have_url(f"{url}/runs/{bad}/beside/{good}?project=scored")


def test_a_turn_leads_back_into_its_run(page: Page, two: tuple[str, str, str]) -> None:
    url, good, bad = two
    page.goto(f"{url}/runs/{good}/beside/{bad}?project=scored")
    page.get_by_role("article", name="Turn 5, Smith").get_by_role("button", name="5").first.click()
    expect(page).to_have_url(f"{url}/runs/{bad}?turn=5&project=scored")


def test_two_runs_of_two_thousand_turns_stand_beside_each_other(page: Page, server: LiveServer) -> None:
    said = [f"{'Planner' if each % 2 else 'Coder'}: step {each} of the long way round" for each in range(2_000)]
    left, right = conversation(said, run=0xE3), conversation([*said[:1_200], "Critic: no", *said[1_200:]], run=0xE4)
    server.put("long", left, right)
    page.goto(f"{server.url}/runs/{left.run_id}/beside/{right.run_id}?project=long")
    expect(page.locator(".beside-row.is-parting")).to_contain_text("Critic", timeout=60_000)
    expect(page.get_by_role("button", name="1,200 turns the same")).to_be_visible()
    assert page.locator(".beside-row").count() < 60


def test_a_run_that_is_gone_is_said_to_be_gone(page: Page, two: tuple[str, str, str]) -> None:
    url, good, _ = two
    page.goto(f"{url}/runs/{good}/beside/{'0' * 32}?project=scored")
    expect(page.get_by_role("alert")).to_contain_text("Not found")

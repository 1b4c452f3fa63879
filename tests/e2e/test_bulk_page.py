"""Choosing runs and acting on them, saved views, lists and queues, in a real browser against the real server."""

import re

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from masthead.model.conversation import Agent, Conversation, Ending, EndingKind, Turn
from masthead.model.ids import AgentId, RunId
from masthead.testing.live import LiveServer

pytestmark = pytest.mark.e2e

COOK, MATE = AgentId("Cook"), AgentId("Mate")


def _meal(number: int, *, is_success: bool = False) -> Conversation:
    return Conversation(
        run_id=RunId(f"{0xF00 + number:032x}"),
        system="galley",
        task=f"Cook meal {number}",
        agents=(Agent(id=COOK, name="Cook"), Agent(id=MATE, name="Mate")),
        turns=(
            Turn(index=0, speaker=COOK, addressees=(MATE,), text=f"Meal {number} needs saffron"),
            Turn(index=1, speaker=MATE, addressees=(COOK,), text="There is none"),
        ),
        ending=Ending(kind=EndingKind.COMPLETED),
        is_success=is_success,
    )


def _project(server: LiveServer, project: str, runs: int) -> str:
    httpx.post(f"{server.url}/api/v1/projects", json={"id": project}).raise_for_status()
    server.put(project, *(_meal(number) for number in range(runs)))
    return f"{server.url}/?project={project}"


def _as(browser: Browser, server: LiveServer, project: str, role: str) -> Page:
    """Open a page whose browser has logged in with a key of that role."""
    made = httpx.post(
        f"{server.url}/api/v1/keys", json={"name": role, "role": role}, headers={"X-Masthead-Project": project}
    )
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    answer = context.request.post(f"{server.url}/api/v1/session", data={"key": made.json()["secret"]})
    assert answer.ok
    return context.new_page()


@pytest.fixture(scope="module")
def galley(server: LiveServer) -> str:
    return _project(server, "galley", 6)


def test_runs_are_chosen_by_keys_and_tagged_and_found_by_the_tag(page: Page, galley: str) -> None:
    page.goto(galley)
    expect(page.locator(".row-run")).to_have_count(6)
    for key in ("j", "j", "x", "J", "J"):
        page.keyboard.press(key)
    bar = page.get_by_role("region", name="Chosen runs")
    expect(bar).to_contain_text("3 runs")
    page.keyboard.press("t")
    page.get_by_label("Tags, with commas between").fill("salty, cold")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("3 runs tagged salty, cold")
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.keyboard.press("Escape")
    expect(bar).to_have_count(0)
    page.get_by_role("combobox", name="Filter runs").fill("tag:salty")
    expect(page.locator(".row-run")).to_have_count(3)
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    page.locator(".facets").get_by_role("button", name=re.compile("^Tag")).click()
    expect(page.locator(".facet-menu")).to_contain_text("salty")


def test_runs_are_chosen_by_mouse_and_by_range(page: Page, galley: str) -> None:
    page.goto(galley)
    boxes = page.locator(".row-run input[type=checkbox]")
    expect(boxes).to_have_count(6)
    boxes.nth(1).click()
    boxes.nth(4).click(modifiers=["Shift"])
    bar = page.get_by_role("region", name="Chosen runs")
    expect(bar).to_contain_text("4 runs")
    boxes.nth(2).click()
    expect(bar).to_contain_text("3 runs")
    page.get_by_label("Select the loaded runs").click()
    expect(bar).to_contain_text("6 runs")
    page.get_by_role("button", name="Clear Esc").click()
    expect(bar).to_have_count(0)


def test_chosen_runs_are_diagnosed_and_the_list_says_what_was_found(page: Page, galley: str) -> None:
    page.goto(galley)
    expect(page.locator(".row-run .cell-turns").first).to_have_text("2")
    page.keyboard.press("j")
    page.keyboard.press("*")
    page.keyboard.press("d")
    expect(page.get_by_role("status").filter(has_text="diagnosed")).to_contain_text("6 runs diagnosed", timeout=30_000)
    expect(page.locator(".row-run .cell-codes").first).to_have_text(re.compile("none|FM-"))
    page.keyboard.press("d")
    expect(page.get_by_role("status").filter(has_text="already")).to_be_visible(timeout=30_000)


def test_chosen_runs_are_exported_as_a_file(page: Page, galley: str) -> None:
    page.goto(galley)
    page.locator(".row-run input[type=checkbox]").first.click()
    page.keyboard.press("e")
    with page.expect_download() as download:
        page.get_by_role("dialog").get_by_role("button", name="Export").click()
    assert download.value.suggested_filename == "masthead-galley.jsonl"
    assert len(download.value.path().read_text().splitlines()) == 1


def test_a_view_is_saved_for_everybody_and_opens_again(page: Page, galley: str) -> None:
    page.goto(f"{galley}&q=outcome:failure&since=-30d")
    page.get_by_role("button", name="Views").click()
    page.get_by_role("button", name="Save what is shown now…").click()
    page.get_by_label("Name, for everybody in the project").fill("Last month's failures")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Last month's failures")).to_be_visible()
    page.goto(galley)
    page.get_by_role("button", name="Views").click()
    page.get_by_role("link", name="Last month's failures").click()
    expect(page.get_by_role("combobox", name="Filter runs")).to_have_value("outcome:failure")
    assert "since=-30d" in page.url
    page.get_by_role("button", name="Last month's failures").click()
    page.get_by_role("button", name="Delete the view Last month's failures").click()
    expect(page.get_by_role("link", name="Last month's failures")).to_have_count(0)


def test_a_queue_leads_from_run_to_run_until_all_are_labelled(page: Page, galley: str) -> None:
    page.goto(galley)
    boxes = page.locator(".row-run input[type=checkbox]")
    boxes.nth(0).click()
    boxes.nth(1).click()
    page.keyboard.press("l")
    page.get_by_label("New list").fill("To be read")
    page.get_by_role("button", name="Make and add").click()
    expect(page.get_by_role("status")).to_contain_text("2 runs added to To be read")
    page.get_by_role("link", name="Queues").click()
    page.get_by_role("link", name="To be read").click()
    expect(page.locator(".page-head")).to_contain_text("0 of 2")
    page.get_by_role("button", name="Label the next run").click()
    bar = page.get_by_role("region", name="Annotation queue")
    expect(bar).to_contain_text("0 of 2 labelled")
    first = page.get_by_role("heading", level=1).inner_text()
    bar.get_by_role("button", name="Done, next").click()
    expect(bar).to_contain_text("1 of 2 labelled")
    expect(page.get_by_role("heading", level=1)).not_to_have_text(first)
    page.keyboard.press("!")
    expect(page.locator(".page-head")).to_contain_text("2 of 2")
    expect(page.locator(".page-head")).to_contain_text("All are labelled")


def test_deleted_runs_are_asked_about_first_and_leave_the_list(page: Page, server: LiveServer) -> None:
    page.goto(_project(server, "bin", 12))
    expect(page.locator(".row-run")).to_have_count(12)
    page.locator(".row-run input[type=checkbox]").first.click()
    page.keyboard.press("#")
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="Keep").click()
    expect(page.locator(".row-run")).to_have_count(12)
    page.keyboard.press("#")
    dialog.get_by_role("button", name="Delete 1 run").click()
    expect(page.locator(".row-run")).to_have_count(11)
    page.get_by_label("Select the loaded runs").click()
    page.keyboard.press("#")
    deletion = dialog.get_by_role("button", name="Delete 11 runs")
    expect(deletion).to_be_disabled()
    dialog.get_by_label("Type delete to confirm").fill("delete")
    deletion.click()
    expect(page.get_by_role("heading", name="Send the first run")).to_be_visible()


def test_a_viewer_sees_nothing_that_it_may_not_do(browser: Browser, server: LiveServer, galley: str) -> None:
    viewer = _as(browser, server, "galley", "viewer")
    viewer.goto(galley)
    viewer.locator(".row-run input[type=checkbox]").first.click()
    bar = viewer.get_by_role("region", name="Chosen runs")
    expect(bar.get_by_role("button", name="Export")).to_be_visible()
    for name in ("Delete", "Tag", "Add to", "Diagnose"):
        expect(bar.get_by_role("button", name=name)).to_have_count(0)
    for key in ("t", "l", "#", "d"):
        viewer.keyboard.press(key)
    expect(viewer.get_by_role("dialog")).to_have_count(0)
    viewer.goto(server.url)
    expect(viewer.get_by_role("link", name="Cook meal 1")).to_be_visible()
    expect(viewer.get_by_role("combobox", name="Project")).to_have_value("galley")
    viewer.goto(f"{server.url}/settings")
    expect(viewer.get_by_role("heading", name=re.compile("Masthead"))).to_be_visible()
    expect(viewer.get_by_role("link", name="Keys")).to_have_count(0)
    viewer.goto(f"{server.url}/settings/keys")
    expect(viewer.get_by_role("alert")).to_contain_text("'owner'")
    viewer.context.close()


def test_an_annotator_may_label_and_not_delete(browser: Browser, server: LiveServer, galley: str) -> None:
    page = _as(browser, server, "galley", "annotator")
    page.goto(galley)
    page.locator(".row-run input[type=checkbox]").first.click()
    bar = page.get_by_role("region", name="Chosen runs")
    expect(bar.get_by_role("button", name="Tag")).to_be_visible()
    expect(bar.get_by_role("button", name="Delete")).to_have_count(0)
    page.keyboard.press("t")
    page.get_by_label("Tags, with commas between").fill("read")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("1 run tagged read")
    page.context.close()


def test_an_act_that_fails_says_why(page: Page, galley: str) -> None:
    problem = {"type": "store", "title": "Store", "status": 503, "detail": "the store rests", "where": None}
    page.route("**/api/v1/tags", lambda route: route.fulfill(status=503, json=problem))
    page.goto(galley)
    page.locator(".row-run input[type=checkbox]").first.click()
    page.keyboard.press("t")
    page.get_by_label("Tags, with commas between").fill("x")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("the store rests")


def test_words_are_found_at_once_in_tasks_and_then_in_what_was_said(page: Page, galley: str) -> None:
    page.goto(galley)
    bar = page.get_by_role("combobox", name="Filter runs")
    bar.fill("meal 3")
    expect(page.locator(".row-run")).to_have_count(1)
    bar.fill("saffron")
    expect(page.locator(".row-run")).to_have_count(6)
    bar.fill("saffron tagine")
    expect(page.get_by_role("heading", name="No run matches")).to_be_visible()


def test_the_columns_stand_still_while_findings_arrive(page: Page, galley: str) -> None:
    page.goto(galley)
    expect(page.locator(".row-run .cell-turns").first).to_have_text("2")
    shift = page.evaluate(
        """() => new Promise((resolve) => {
          let sum = 0;
          new PerformanceObserver((list) => { for (const entry of list.getEntries()) sum += entry.value; })
            .observe({ type: "layout-shift", buffered: true });
          setTimeout(() => resolve(sum), 300);
        })"""
    )
    assert shift < 0.02

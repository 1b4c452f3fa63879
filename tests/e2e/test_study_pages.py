"""Failures, comparison and agreement: real runs of two designs, diagnosed from the page, labelled, compared."""

import re
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Page, Route, expect

from masthead.model.conversation import Conversation
from masthead.testing.conversations import conversation
from masthead.testing.live import LiveServer

pytestmark = pytest.mark.e2e
Barriers = Callable[[Page], list[str]]
AT_ALL_WIDTHS = pytest.mark.parametrize(
    "reader", [(1440, "light"), (1024, "dark"), (390, "light"), (390, "dark")], indirect=True, ids=str
)

PROJECT = "study"
LOOP = ["Solver: I will now compute the sum of all the numbers in the list, step by step."] * 4
FINE = ["Solver: The sum of 2 and 3 is 5.", "Checker: I checked 2 + 3 by hand: it is 5. Correct."]
PAGES = {"failures": ".map", "compare": ".whisker", "agreement": ".whisker"}


def _run(number: int, design: str) -> Conversation:
    return conversation(
        FINE if design == "careful" else LOOP,
        run=5000 + number + (100 if design == "hasty" else 0),
        task=f"Sum number {number}",
        task_id=f"task {number}",
        is_success=design == "careful",
        metadata={"design": design, "seed": "1"},
    )


RUNS = [_run(number, design) for design in ("careful", "hasty") for number in range(10)]


@pytest.fixture(scope="module")
def study(server: LiveServer) -> str:
    """Bring the runs in, not yet diagnosed, and return the pages' address."""
    for project in (PROJECT, "nothing"):
        httpx.post(f"{server.url}/api/v1/projects", json={"id": project}).raise_for_status()
    server.put(PROJECT, *RUNS)
    return server.url


@pytest.fixture(scope="module")
def labelled(study: str, browser: Browser) -> str:
    """Diagnose the runs by the page's own button, and label them; one label is against the detectors."""
    page = browser.new_page()
    page.goto(f"{study}/failures?project={PROJECT}")
    page.get_by_role("button", name="Diagnose 20 runs").click()
    expect(page.locator(".map")).to_be_visible()
    page.close()
    scores = [
        {
            "name": "FM-1.3",
            "subject": {"kind": "turn", "run_id": run.run_id, "turn": 1},
            "flag": run.metadata["design"] == "hasty" and place != 10,
            "source": "human",
            "evaluator": "ada",
            "reason": "read twice",
        }
        for place, run in enumerate(RUNS)
    ]
    headers = {"X-Masthead-Project": PROJECT}
    httpx.post(f"{study}/api/v1/scores", json={"scores": scores}, headers=headers).raise_for_status()
    return study


def test_an_empty_project_says_what_the_pages_are_for(page: Page, study: str) -> None:
    for path, heading in (("failures", "No runs yet"), ("compare", "No runs to compare"), ("agreement", "Nothing is")):
        page.goto(f"{study}/{path}?project=nothing")
        expect(page.get_by_role("heading", name=heading)).to_be_visible()


def test_the_map_leads_from_a_failure_mode_of_a_design_to_its_runs(page: Page, labelled: str) -> None:
    page.goto(f"{labelled}/failures?project={PROJECT}")
    page.get_by_role("combobox", name="By").select_option("design")
    expect(page).to_have_url(re.compile("by=design"))
    row = page.locator(".map tbody tr", has_text="hasty")
    row.get_by_role("link", name=re.compile("FM-1.3 in 10 of 10 runs of hasty")).click()
    expect(page.locator(".row-run")).to_have_count(10)
    expect(page.get_by_role("combobox", name="Filter runs")).to_have_value("code:FM-1.3 meta.design:hasty")
    page.go_back()
    expect(page.get_by_role("combobox", name="By")).to_have_value("design")


def test_failures_are_filtered_with_the_keyboard_alone(page: Page, labelled: str) -> None:
    page.goto(f"{labelled}/failures?project={PROJECT}")
    expect(page.locator(".map")).to_be_visible()
    page.keyboard.press("/")
    page.keyboard.type("outcome:success")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("outcome"))
    expect(page.locator(".figures")).to_contain_text("100.0%")


def test_the_parts_of_a_report_are_there(page: Page, labelled: str) -> None:
    page.goto(f"{labelled}/failures?project={PROJECT}")
    for name in ("Failure modes and what they cost", "What to change first", "Failures that are alike"):
        expect(page.get_by_role("heading", name=name)).to_be_visible()
    expect(page.locator(".figures")).to_contain_text("50.0%")
    page.get_by_role("button", name="Lost a run").click()
    expect(page.get_by_role("columnheader", name="Lost a run")).to_have_attribute("aria-sort", "descending")


def test_designs_are_compared_with_intervals_and_what_could_have_been_seen(page: Page, labelled: str) -> None:
    page.goto(f"{labelled}/compare?project={PROJECT}")
    expect(page.get_by_text("careful → hasty").first).to_be_visible()
    row = page.get_by_role("row", name=re.compile("careful → hasty 100.00% → 0.00%"))
    expect(row).to_contain_text("first is better")
    expect(row.locator(".whisker")).to_have_attribute("aria-label", re.compile(r"−100\.0 points, 95%: "))
    expect(page.get_by_role("row", name=re.compile("FM-1.3"))).to_contain_text("adds it")


def test_two_groups_are_chosen_and_kept_in_the_address(page: Page, labelled: str) -> None:
    page.goto(f"{labelled}/compare?project={PROJECT}&first=design%3D&second=design%3D")
    page.get_by_role("combobox", name="First").select_option("hasty")
    page.get_by_role("combobox", name="Second").select_option("careful")
    expect(page.get_by_text("design=hasty → design=careful").first).to_be_visible()
    page.reload()
    expect(page.get_by_role("combobox", name="First")).to_have_value("hasty")
    expect(page.get_by_text("second is better")).to_be_visible()


def test_a_comparison_that_cannot_be_made_says_why(page: Page, labelled: str) -> None:
    page.goto(f"{labelled}/compare?project={PROJECT}&by=system")
    expect(page.get_by_text("fewer than two values")).to_be_visible()


def test_agreement_shows_kappa_and_leads_to_what_is_contested(page: Page, labelled: str) -> None:
    page.goto(f"{labelled}/agreement?project={PROJECT}")
    row = page.get_by_role("row", name=re.compile("All detectors together"))
    expect(row).to_contain_text("0.90")
    expect(page.get_by_role("row", name=re.compile("^Not yet measured"))).to_contain_text("ada")
    page.get_by_role("button", name=re.compile("^FM-1.3")).click()
    expect(page).to_have_url(re.compile("code=FM-1.3"))
    contested = page.locator(".contested")
    expect(contested).to_have_count(1)
    expect(contested).to_contain_text("read twice")
    contested.get_by_role("link").click()
    expect(page).to_have_url(re.compile(rf"/runs/{RUNS[10].run_id}\?.*turn="))


def test_who_may_only_read_is_offered_no_diagnosis(page: Page, study: str) -> None:
    def as_viewer(route: Route) -> None:
        me: dict[str, Any] = route.fetch().json()
        route.fulfill(json=me | {"role": "viewer", "is_operator": False})

    page.route("**/api/v1/me", as_viewer)
    page.goto(f"{study}/failures")
    expect(page.get_by_text("runs are diagnosed")).to_be_visible()
    expect(page.get_by_role("button", name=re.compile("^Diagnose"))).to_have_count(0)


@pytest.mark.parametrize("path", PAGES)
def test_a_failing_server_is_told_and_can_be_tried_again(page: Page, labelled: str, path: str) -> None:
    asked = "**/api/v1/agreement**" if path == "agreement" else "**/api/v1/report**"
    problem = {"type": "store-error", "title": "x", "status": 503, "detail": "the store is away", "where": None}
    page.route(asked, lambda route: route.fulfill(status=503, json=problem))
    page.goto(f"{labelled}/{path}?project={PROJECT}")
    expect(page.get_by_role("alert")).to_contain_text("the store is away")
    page.unroute(asked)
    page.get_by_role("button", name="Try again").click()
    expect(page.locator(PAGES[path]).first).to_be_visible()


@AT_ALL_WIDTHS
@pytest.mark.parametrize("path", PAGES)
def test_everybody_can_read_it(reader: Page, labelled: str, barriers: Barriers, path: str) -> None:
    reader.goto(f"{labelled}/{path}?project={PROJECT}")
    expect(reader.locator(PAGES[path]).first).to_be_visible()
    for part in reader.locator("details:not([open])").all():
        part.locator("summary").click()
    assert barriers(reader) == []
    assert reader.evaluate("document.documentElement.scrollWidth <= innerWidth")

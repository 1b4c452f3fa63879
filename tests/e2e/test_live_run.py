"""A run that goes on while it is read, and a server that fails while one reads."""

import time
from dataclasses import replace

import pytest
from playwright.sync_api import Page, Route, expect

from masthead.conversation import spans_of
from masthead.model.conversation import Agent, Conversation, Turn
from masthead.model.ids import AgentId, ProjectId, RunId
from masthead.testing.live import LiveServer

pytestmark = pytest.mark.e2e

SECOND_NS = 1_000_000_000


def _growing(number: int, turns: int) -> Conversation:
    pilot = AgentId("Pilot")
    first_ns = time.time_ns() - 30 * SECOND_NS
    said = tuple(
        Turn(
            index=index,
            speaker=pilot,
            text=f"Sounding number {index}: {index} fathoms",
            start_ns=first_ns + index * SECOND_NS // 2,
            end_ns=first_ns + index * SECOND_NS // 2 + 1_000_000,
        )
        for index in range(turns)
    )
    return Conversation(
        run_id=RunId(f"{number:032x}"), task="Sound the depth", agents=(Agent(id=pilot, name="Pilot"),), turns=said
    )


def test_turns_appear_while_the_run_goes_on(page: Page, server: LiveServer) -> None:
    run = _growing(0xF1, 40)
    root, *spans = spans_of(run, start_ns=0)
    project = ProjectId("scored")
    server.put("scored", replace(run, turns=run.turns[:3]))
    page.goto(f"{server.url}/runs/{run.run_id}?project=scored")
    expect(page.get_by_role("article")).to_have_count(3)
    expect(page.locator(".run-head")).to_contain_text("Going on")
    page.locator(".chat-scroll").evaluate("box => box.scrollTo(0, box.scrollHeight)")
    server.door.accept(project, [root, *spans[3:]])
    # A reader who was at the end stays there.
    expect(page.get_by_role("article", name="Turn 39,")).to_be_in_viewport(timeout=30_000)
    expect(page.locator(".run-head")).to_contain_text("Turns40")


def test_a_server_that_fails_is_said_to_fail_and_asked_again(page: Page, server: LiveServer) -> None:
    run = _growing(0xF2, 5)
    server.put("scored", run)

    def refuse(route: Route) -> None:
        problem = {"type": "store-error", "title": "Store", "status": 500, "detail": "the disk is full", "where": None}
        route.fulfill(status=500, json=problem)

    address = f"{server.url}/runs/{run.run_id}?project=scored"
    for part in ("conversation?*", "diagnosis*"):
        page.route(f"**/api/v1/runs/*/{part}", refuse)
    page.goto(address)
    alerts = page.get_by_role("alert")
    expect(alerts.filter(has_text="It could not be diagnosed: the disk is full")).to_be_visible()
    expect(page.locator(".chat").get_by_role("alert")).to_contain_text("the disk is full")
    page.unroute_all()
    page.locator(".chat").get_by_role("button", name="Try again").click()
    expect(page.get_by_role("article", name="Turn 4,")).to_be_visible()
    page.get_by_role("button", name="Try again").click()
    expect(alerts).to_have_count(0)


def test_a_server_that_is_gone_is_said_to_be_gone(page: Page, server: LiveServer) -> None:
    page.route("**/api/v1/runs/**", lambda route: route.abort())
    page.goto(f"{server.url}/runs/{0xF3:032x}?project=scored")
    expect(page.get_by_role("alert")).to_contain_text("The server does not answer")
    expect(page.get_by_role("button", name="Try again")).to_be_visible()

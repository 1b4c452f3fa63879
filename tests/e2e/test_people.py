"""Who may do what, in a real browser against a server that demands keys: logging in, cookies, tokens, roles."""

from collections.abc import Generator
from typing import Any

import httpx
import msgspec
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from masthead.ingest.samples import sample_bodies
from masthead.testing.server_process import ServerProcess
from masthead.web.app import DIST

pytestmark = pytest.mark.e2e

TASK = "I want a refund for order 5555."
WRITE = """async (token) => {
  const subject = { kind: 'run', run_id: location.pathname.split('/')[2] };
  const scores = [{ name: 'FM-1.3', subject, flag: true, source: 'human', evaluator: 'me' }];
  const headers = { 'Content-Type': 'application/json', ...(token ? { 'X-CSRF-Token': token } : {}) };
  return (await fetch('api/v1/scores', { method: 'POST', headers, body: JSON.stringify({ scores }) })).status;
}"""
TOKEN = "async () => (await (await fetch('api/v1/me')).json()).csrf_token"


class Guarded:
    """A server that demands keys, with the samples in it, and one key of each role."""

    def __init__(self, url: str, token: str) -> None:
        self.url = url
        self.headers = {"Authorization": f"Bearer {token}"}
        self.keys = {role: self._key(role) for role in ("viewer", "annotator")}
        for body in sample_bodies():
            headers = {**self.headers, "Content-Type": "application/json"}
            httpx.post(f"{url}/v1/traces", content=body, headers=headers).raise_for_status()
        self.run_id = self._run_id()

    def _key(self, role: str) -> str:
        body = {"name": role, "role": role}
        made = httpx.post(f"{self.url}/api/v1/keys", json=body, headers=self.headers).raise_for_status()
        return str(made.json()["secret"])

    def _run_id(self) -> str:
        for _ in range(200):
            answer = httpx.get(f"{self.url}/api/v1/runs", params={"limit": 500}, headers=self.headers).json()
            found = [run["run_id"] for run in answer["items"] if (run["task"] or "").startswith(TASK)]
            if found:
                return str(found[0])
        raise AssertionError("the samples do not come in")


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Generator[Guarded]:
    """Start a server of its own that demands keys."""
    if not (DIST / "index.html").is_file():
        pytest.skip("the pages are not built: cd ui && npm ci && npm run build")
    folder = tmp_path_factory.mktemp("guarded")
    with pytest.MonkeyPatch.context() as patch, (folder / "log").open("w") as log:
        first = ServerProcess(folder / "data", log)
        # A server that demands keys does not start before there is one.
        made = {"name": "first", "role": "owner"}
        httpx.post(f"http://{first.address}/api/v1/keys", json=made).raise_for_status()
        first.stop()
        patch.setenv("MASTHEAD_REQUIRE_KEYS", "true")
        server = ServerProcess(folder / "data", log)
        try:
            _, _, token = msgspec.json.decode((folder / "data" / "server.json").read_bytes(), type=tuple[str, int, str])
            yield Guarded(f"http://{server.address}", token)
        finally:
            server.stop()


def _open(browser: Browser, guarded: Guarded, role: str) -> tuple[BrowserContext, Page]:
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    page = context.new_page()
    page.goto(f"{guarded.url}/runs/{guarded.run_id}")
    page.get_by_label("API key").fill(guarded.keys[role])
    page.get_by_role("button", name="Log in").click()
    expect(page.locator(".turn").first).to_be_visible()
    return context, page


def _cookies(context: BrowserContext) -> list[Any]:
    return list(context.cookies())


def test_a_wrong_key_is_refused_and_a_right_one_opens_the_page_that_was_asked_for(
    browser: Browser, guarded: Guarded
) -> None:
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"{guarded.url}/runs/{guarded.run_id}?turn=4")
    page.get_by_label("API key").fill("mh_wrong")
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("alert")).to_contain_text("unknown, expired or revoked")
    page.get_by_label("API key").fill(guarded.keys["viewer"])
    page.keyboard.press("Enter")
    expect(page.get_by_role("article", name="Turn 4,")).to_have_attribute("aria-current", "true")
    context.close()


def test_the_session_is_out_of_reach_of_scripts_and_of_other_sites(browser: Browser, guarded: Guarded) -> None:
    context, page = _open(browser, guarded, "annotator")
    cookies = [cookie for cookie in _cookies(context) if cookie["name"] == "masthead_session"]
    assert [(cookie["httpOnly"], cookie["sameSite"]) for cookie in cookies] == [(True, "Strict")]
    assert page.evaluate("document.cookie") == ""
    stored = page.evaluate("JSON.stringify([{ ...localStorage }, { ...sessionStorage }])")
    assert guarded.keys["annotator"] not in stored
    context.close()


def test_a_change_without_the_token_is_refused_and_with_it_taken(browser: Browser, guarded: Guarded) -> None:
    context, page = _open(browser, guarded, "annotator")
    assert page.evaluate(WRITE, None) == 403
    assert page.evaluate(WRITE, "0" * 64) == 403
    assert page.evaluate(WRITE, page.evaluate(TOKEN)) == 200
    context.close()


def test_a_viewer_sees_no_way_to_write_and_is_refused(browser: Browser, guarded: Guarded) -> None:
    context, page = _open(browser, guarded, "viewer")
    details = page.get_by_role("complementary", name="Details")
    card = details.get_by_role("region", name="Finding FM-1.3").first
    expect(card.get_by_role("button", name="Copy as a test")).to_be_visible()
    for name in ("Agree", "Disagree", "Correct"):
        expect(page.get_by_role("button", name=name, exact=True)).to_have_count(0)
    expect(details.get_by_role("button", name="Add")).to_have_count(0)
    expect(page.get_by_role("region", name="Why it failed")).to_contain_text("FM-")
    page.keyboard.press(".")
    for key in ("a", "x", "r", "f", "u"):
        page.keyboard.press(key)
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert page.evaluate(WRITE, page.evaluate(TOKEN)) == 403
    query = {"run_id": guarded.run_id, "source": "human", "evaluator": "viewer"}
    assert httpx.get(f"{guarded.url}/api/v1/scores", params=query, headers=guarded.headers).json()["items"] == []
    context.close()


def test_an_annotator_may_judge(browser: Browser, guarded: Guarded) -> None:
    context, page = _open(browser, guarded, "annotator")
    expect(page.get_by_role("region", name="Why it failed")).to_contain_text("FM-")
    page.keyboard.press(".")
    page.keyboard.press("x")
    expect(page.get_by_role("status").filter(has_text="You disagreed with")).to_be_visible()
    context.close()

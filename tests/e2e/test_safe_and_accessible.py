"""Nothing that a model wrote can run, and everybody can read the pages: both themes, all widths, by axe's rules."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, Page, expect

from masthead.model.conversation import Act, Agent, Conversation, Ending, EndingKind, Turn
from masthead.model.ids import AgentId, RunId
from masthead.testing.live import LiveServer

pytestmark = pytest.mark.e2e
Barriers = Callable[[Page], list[str]]
AT_ALL_WIDTHS = pytest.mark.parametrize(
    "reader", [(1440, "light"), (1440, "dark"), (1024, "light"), (390, "dark")], indirect=True, ids=str
)

ATTACKS = (
    "<script>window.__ran = 1</script>",
    "<img src=x onerror='window.__ran = 2'>",
    "<svg onload='window.__ran = 3'></svg>",
    "[click](javascript:window.__ran=4)",
    '![x](x" onerror="window.__ran=5)',
    "<iframe srcdoc='<script>parent.__ran = 6</script>'></iframe>",
    "<details open ontoggle='window.__ran = 7'>",
    "```html\n<script>window.__ran = 8</script>\n```",
    "<a href='data:text/html,<script>window.__ran = 9</script>'>x</a>",
    "<style>body { display: none }</style>",
    "\u202e<script>window.__ran = 10</script>\u0000\u2028",
    "{{constructor.constructor('window.__ran=11')()}}",
    "\x1b[31mred\x1b[0m \x1b]8;;javascript:window.__ran=12\x07click\x1b]8;;\x07 \x1b[2J",
    "[a](data:text/html,<script>window.__ran=13</script>) [b](vbscript:x) [c](//evil.example/x) <//evil.example/x>",
    "![pixel](https://evil.example/pixel.png) ![svg](data:image/svg+xml,<svg/onload=alert(1)>)",
)
RUN_ID = f"{0xEE:032x}"
SAMPLE = "I want a refund for order 5555."
VIEWS = ("chat", "lanes", "flow", "timeline", "raw")


def _hostile() -> Conversation:
    attack = "\n\n".join(ATTACKS)
    agents = tuple(Agent(id=AgentId(text), name=text, description=text, instructions=text) for text in ATTACKS)
    turns = tuple(
        Turn(
            index=index,
            speaker=agents[index % len(agents)].id,
            addressees=(agents[(index + 1) % len(agents)].id,),
            act=act,
            text=attack,
            reasoning=attack,
            tool_name=ATTACKS[0],
            tool_arguments=attack if index % 2 else '{"x": "<script>window.__ran = 12</script>"}',
            tool_call_id=ATTACKS[1],
            is_error=bool(index % 2),
            model=ATTACKS[2],
        )
        for index, act in enumerate([*Act] * 3)
    )
    return Conversation(
        run_id=RunId(RUN_ID),
        system=ATTACKS[1],
        task=attack,
        task_id=ATTACKS[0],
        agents=agents,
        turns=turns,
        ending=Ending(kind=EndingKind.ERROR, reason=attack, answer=attack),
        is_success=False,
        session_id=ATTACKS[0],
        user_id=ATTACKS[1],
        tags=ATTACKS,
        metadata={text: text for text in ATTACKS},
    )


@pytest.fixture(scope="module")
def hostile(server: LiveServer) -> str:
    """Bring the hostile run in and return the server's address."""
    server.put("hostile", _hostile())
    return server.url


def _assert_nothing_ran(page: Page) -> None:
    assert page.evaluate("window.__ran") is None
    assert page.evaluate("document.body.checkVisibility()")
    markup = "#root script, #root iframe, #root style, #root [onerror], #root [onload], #root img"
    assert page.locator(markup).count() == 0
    assert page.locator('#root a[href^="javascript"], #root a[href^="data"]').count() == 0


@pytest.mark.parametrize("view", VIEWS)
def test_a_hostile_run_is_shown_and_nothing_runs(page: Page, hostile: str, view: str) -> None:
    page.goto(f"{hostile}/runs/{RUN_ID}?project=hostile&view={view}&turn=2&find=script")
    expect(page.locator("#view")).to_contain_text("__ran")
    page.evaluate(
        "document.querySelectorAll('#view [aria-expanded=false], #view summary').forEach((part) => part.click())"
    )
    page.wait_for_load_state("networkidle")
    _assert_nothing_ran(page)


def test_hostile_names_in_the_list_and_its_filters_run_nothing(page: Page, hostile: str) -> None:
    page.goto(f"{hostile}/?project=hostile")
    expect(page.locator(".row-run").first).to_be_visible()
    for name in ("System", "Agent", "Model", "Tag"):
        button = page.get_by_role("button", name=name, exact=True)
        if button.count():
            button.click()
            expect(page.locator(".facet-menu")).to_be_visible()
            page.keyboard.press("Escape")
    _assert_nothing_ran(page)


def test_hostile_addresses_run_nothing(page: Page, server: LiveServer) -> None:
    page.goto(
        f"{server.url}/?q=%3Cscript%3Ewindow.__ran%3D1%3C/script%3E&project=%22%3E%3Cimg%20src=x%20onerror=__ran=2%3E"
    )
    expect(page.get_by_role("combobox", name="Filter runs")).to_be_visible()
    _assert_nothing_ran(page)


def test_the_policy_refuses_inline_scripts_and_text_as_markup(page: Page, server: LiveServer) -> None:
    page.goto(server.url)
    expect(page.locator(".row-run").first).to_be_visible()
    refused = page.evaluate(
        """() => {
          try { document.body.innerHTML = '<p>x</p>'; } catch (error) { return error instanceof TypeError; }
          return false;
        }"""
    )
    assert refused


@AT_ALL_WIDTHS
def test_everybody_can_read_the_runs(reader: Page, server: LiveServer, barriers: Barriers) -> None:
    reader.goto(server.url)
    expect(reader.locator(".row-run").first).to_be_visible()
    assert barriers(reader) == []
    assert reader.evaluate("document.documentElement.scrollWidth <= innerWidth")
    reader.goto(f"{server.url}/overview")
    expect(reader.locator(".group").first).to_be_visible()
    assert barriers(reader) == []


@AT_ALL_WIDTHS
def test_everybody_can_read_a_run(reader: Page, server: LiveServer, barriers: Barriers) -> None:
    reader.goto(server.url)
    reader.get_by_role("link", name=SAMPLE).click()
    expect(reader.locator(".turn").first).to_be_visible()
    address = reader.url
    for view in VIEWS:
        reader.goto(f"{address}?view={view}&turn=3")
        reader.wait_for_load_state("networkidle")
        assert barriers(reader) == [], view
        assert reader.evaluate("document.documentElement.scrollWidth <= innerWidth"), view


@AT_ALL_WIDTHS
def test_everybody_can_read_the_first_screen_of_an_empty_project(
    reader: Page, server: LiveServer, barriers: Barriers
) -> None:
    reader.route("**/api/v1/runs?**", lambda route: route.fulfill(json={"items": [], "cursor": None}))
    reader.goto(server.url)
    expect(reader.get_by_role("heading", name="Send the first run")).to_be_visible()
    assert barriers(reader) == []


def test_a_chosen_theme_stays(browser: Browser, server: LiveServer) -> None:
    context = browser.new_context(color_scheme="light")
    page = context.new_page()
    page.goto(server.url)
    button = page.get_by_role("button", name="Theme")
    button.click()
    button.click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    context.close()

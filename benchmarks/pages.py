"""How quickly the pages open and scroll, in a real chromium against the real server on loopback.

    python benchmarks/pages.py            (about a minute; needs the built pages and Debian's chromium)

Prints, for the list and for runs of 2,000 and 30,000 turns, seconds from the request to the first readable row (a
fresh browser profile each time, so nothing is cached there; the first opening also rebuilds the conversation), and for
runs the frames a second while scrolling and the frames that took over 100 ms.
"""

import tempfile
import time
from pathlib import Path
from shutil import which

from playwright.sync_api import Browser, sync_playwright

from masthead.ingest.samples import sample_bodies
from masthead.model.conversation import Agent, Conversation, Turn
from masthead.model.ids import AgentId, RunId
from masthead.testing.live import LiveServer, live_server

OPENINGS = 4
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"]
AGENTS = tuple(AgentId(name) for name in ("Planner", "Navigator", "Editor", "Executor", "Critic"))
SCROLL = """async () => {
  const box = document.querySelector('.chat-scroll');
  let frames = 0, long = 0, last = performance.now();
  const start = last;
  while (performance.now() - start < 4000) {
    await new Promise((next) => requestAnimationFrame(next));
    const now = performance.now();
    if (now - last > 100) long++;
    last = now; box.scrollTop += 120; frames++;
  }
  return [frames / 4, long];
}"""


def _conversation(number: int, turns: int) -> Conversation:
    text = "The **test** failed because `helm.py` was not found; look at the log again and mend the call. " * 3
    return Conversation(
        run_id=RunId(f"{number:032x}"),
        task=f"A run of {turns:,} turns",
        agents=tuple(Agent(id=agent, name=agent) for agent in AGENTS),
        turns=tuple(
            Turn(index=index, speaker=AGENTS[index * 7 // 3 % len(AGENTS)], text=f"{index}. {text}")
            for index in range(turns)
        ),
    )


def _measure(browser: Browser, address: str, row: str, *, scrolls: bool) -> str:
    seconds: list[str] = []
    frames = ""
    for opening in range(OPENINGS):
        context = browser.new_context(viewport={"width": 1440, "height": 900})
        page = context.new_page()
        start = time.perf_counter()
        page.goto(address, wait_until="commit")
        page.wait_for_selector(row)
        seconds.append(f"{time.perf_counter() - start:.2f}")
        if scrolls and opening == OPENINGS - 1:
            rate, long = page.evaluate(SCROLL)
            frames = f"  {rate:.0f} frames/s, {long} over 100 ms"
        context.close()
    return f"first {seconds[0]} s, then {', '.join(seconds[1:])} s{frames}"


def _run(server: LiveServer) -> None:
    for body in sample_bodies():
        server.send("default", body)
    runs = {turns: _conversation(turns, turns) for turns in (2_000, 30_000)}
    server.put("default", *runs.values())
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=which("chromium"), args=ARGUMENTS)
        browser.new_page().goto("about:blank")
        print(f"{'list of runs':24}{_measure(browser, server.url, '.row-run', scrolls=False)}")
        for turns, conversation in runs.items():
            address = f"{server.url}/runs/{conversation.run_id}"
            print(
                f"{f'run of {turns:,} turns':24}{_measure(browser, address, '.turn:not(.turn-pending)', scrolls=True)}"
            )
        browser.close()


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder, live_server(Path(folder) / "data") as live:
        _run(live)

"""The gateway as people see it while it works: real calls through the server, looked at over the API."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from masthead.testing.gateway import wait_until
from masthead.testing.raw_upstream import Peer, RawUpstream
from masthead.testing.scripted_model import ScriptedModel, ScriptedReply
from masthead.testing.site import Site, site_in

pytestmark = pytest.mark.integration

CONFIG = """
[connections.good]
provider = "openai"
base_url = "{good}"
allow_networks = ["loopback"]
models = ["gpt-4o"]

[connections.bad]
base_url = "{bad}"
allow_networks = ["loopback"]
models = ["broken"]

[connections.slow]
base_url = "{slow}"
allow_networks = ["loopback"]
models = ["slow"]

[[routes]]
model = "either"
targets = [{{ connection = "bad", model = "broken" }}, {{ connection = "good", model = "gpt-4o" }}]
retry = {{ times = 0 }}

[breaker]
failures = 2
pause_s = 600

[cache]
is_on = true

[[limits]]
per = "key"
window = "day"
requests = 10

[[limits]]
per = "project"
window = "month"
cost_usd = 0.5
"""


def _fails(peer: Peer) -> None:
    while peer.request():
        peer.answer(b'{"error":{"message":"out of order"}}', status="500 Internal Server Error")


@pytest.fixture(scope="module")
def slow() -> threading.Event:
    """Set when the slow connection may answer."""
    return threading.Event()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, slow: threading.Event) -> Iterator[Site]:
    def slowly(_request: object) -> ScriptedReply:
        slow.wait(20)
        return ScriptedReply(text="At last.")

    folder = tmp_path_factory.mktemp("watched")
    free = 'input_usd_per_million = "0"\noutput_usd_per_million = "0"\n'  # budgets hold of it
    (folder / "models.toml").write_text(f'[[models]]\nmodel = "slow"\n{free}')
    at_once = ScriptedModel(lambda _request: ScriptedReply(text="Hello."), model="gpt-4o")
    with at_once as good, ScriptedModel(slowly) as waiting, RawUpstream(_fails) as bad:
        (folder / "gateway.toml").write_text(CONFIG.format(good=good.url, bad=bad.url, slow=waiting.url))
        with site_in(folder, require_keys=True) as opened:
            for user in ("ada", "ada", "bob"):
                assert call(opened, "one", "either", user, temperature=1) == 200
            assert [call(opened, "one", "gpt-4o", "ada") for _ in range(2)] == [200, 200]
            assert call(opened, "two", "gpt-4o", "eve") == 200
            wait_until(lambda: _calls(opened, "one") == 5 and _calls(opened, "two") == 1, "all calls are stored")
            yield opened


def call(site: Site, project: str, model: str, user: str, **more: Any) -> int:
    body = {"model": model, "messages": [{"role": "user", "content": "hi"}], "user": user, "temperature": 0} | more
    headers = {"x-masthead-agent": "planner"}
    return site.ask("POST", "/v1/chat/completions", site.key(project, "editor"), json=body, headers=headers).status_code


def ask(site: Site, path: str, project: str = "one", **params: str) -> Any:
    answer = site.ask("GET", f"/api/v1/gateway/{path}", site.key(project, "viewer"), params=params)
    assert answer.status_code == 200, answer.text
    return answer.json()


def _calls(site: Site, project: str) -> int:
    items = ask(site, "usage", project)["items"]
    return items[0]["calls"] if items else 0


def test_usage_adds_up_what_a_project_called(site: Site) -> None:
    (whole,) = ask(site, "usage")["items"]
    assert (whole["calls"], whole["errors"], whole["cache_hits"], whole["unpriced"]) == (5, 0, 1, 0)
    assert float(whole["cost_usd"]) > 0
    assert whole["latency_p95_s"] >= whole["latency_p50_s"] > 0


@pytest.mark.parametrize(
    ("by", "groups"),
    [
        ("model", {"gpt-4o": 5}),
        ("agent", {"planner": 5}),
        ("user", {"ada": 4, "bob": 1}),
        ("connection", {"good": 4, None: 1}),
    ],
)
def test_usage_is_split(site: Site, by: str, groups: dict[str | None, int]) -> None:
    assert {row["group"]: row["calls"] for row in ask(site, "usage", by=by)["items"]} == groups


def test_usage_by_key_tells_the_keys_name(site: Site) -> None:
    (row,) = ask(site, "usage", by="key")["items"]
    keys = {key["id"]: key["name"] for key in site.ask("GET", "/api/v1/keys", site.key("one")).json()["items"]}
    assert row["label"] == keys[row["group"]]


def test_a_kept_answer_costs_nothing(site: Site) -> None:
    by_connection = {row["group"]: row for row in ask(site, "usage", by="connection")["items"]}
    assert float(by_connection[None]["cost_usd"]) == 0


def test_usage_says_when_there_are_more_rows(site: Site) -> None:
    found = ask(site, "usage", by="user", limit="1")
    assert (len(found["items"]), found["is_cut"]) == (1, True)


def test_ended_calls_show_who_where_and_what_happened(site: Site) -> None:
    found = ask(site, "traffic")
    assert found["under_way"] == []
    hit, first, *fallbacks = found["latest"]
    assert (hit["cache"], hit["connection"], hit["status"]) == ("hit", None, 200)
    assert (first["model"], first["agent"], first["user"], first["input_tokens"]) == ("gpt-4o", "planner", "ada", 10)
    assert {(one["model_asked"], one["model"], one["connection"]) for one in fallbacks} == {
        ("either", "gpt-4o", "good")
    }
    assert [one["tries"] for one in fallbacks] == [1, 2, 2]
    assert site.ask("GET", f"/api/v1/runs/{first['run_id']}", site.key("one")).status_code == 200
    assert [one["name"] for one in found["processes"]] == ["server"]


def test_a_target_that_fails_is_shown_as_set_aside_with_its_errors(site: Site) -> None:
    bad, good = ask(site, "targets")["items"]
    assert (bad["connection"], bad["state"], bad["errors"], bad["calls"]) == ("bad", "open", {"server": 2}, 2)
    assert "out of order" in bad["last_error"]
    assert bad["breakers"][0]["failures"] == 2
    assert bad["breakers"][0]["until"] > bad["last"]
    assert (good["connection"], good["state"], good["errors"], good["calls"]) == ("good", "closed", {}, 4)
    assert good["latency_p50_s"] > 0
    assert bad["latency_p50_s"] is None


def test_limits_show_how_much_is_used_and_until_when(site: Site) -> None:
    by_per = {one["per"]: one for one in ask(site, "limits")["items"]}
    key, project = by_per["key"], by_per["project"]
    assert (key["requests_used"], key["requests"], key["share"]) == (5, 10, 0.5)
    assert key["until"] > "20"
    assert project["subject"] == "one"
    assert 0 < float(project["usd_used"]) < float(project["usd"])


def test_a_keys_own_limit_is_shown_by_its_name(site: Site) -> None:
    body = {"name": "courier", "role": "editor", "limits": [{"window": "day", "requests": 4}]}
    made = site.ask("POST", "/api/v1/keys", site.key("two"), json=body).json()
    sent = {"model": "gpt-4o", "messages": [{"role": "user", "content": "hi"}]}
    assert site.ask("POST", "/v1/chat/completions", made["secret"], json=sent).status_code == 200
    (own,) = [one for one in ask(site, "limits", "two")["items"] if one["requests"] == 4]
    assert (own["label"], own["requests_used"], own["share"]) == ("courier", 1, 0.25)


def test_a_project_sees_nothing_of_another(site: Site) -> None:
    assert {one["user"] for one in ask(site, "traffic", "two")["latest"]} <= {"eve", None}
    assert {one["connection"] for one in ask(site, "targets", "two")["items"]} == {"good"}
    assert {one["subject"] for one in ask(site, "limits", "two")["items"] if one["per"] == "project"} == {"two"}
    assert {row["group"] for row in ask(site, "usage", "two", by="user")["items"]} <= {"eve", None}


def test_records_are_whole(site: Site) -> None:
    found = ask(site, "records")
    assert found["alerts"] == []
    (server,) = found["processes"]
    assert server["recorded"] >= 6
    assert server["lost"] == 0


def test_a_call_under_way_is_seen_and_gone_when_it_ends(site: Site, slow: threading.Event) -> None:
    with ThreadPoolExecutor() as pool:
        asked = pool.submit(call, site, "one", "slow", "ada")
        try:
            wait_until(lambda: bool(ask(site, "traffic")["under_way"]), "the call is seen")
            (seen,) = ask(site, "traffic")["under_way"]
            assert (seen["model_asked"], seen["connection"], seen["agent"]) == ("slow", "slow", "planner")
            assert (seen["end"], seen["status"]) == (None, None)
            assert ask(site, "traffic", "two")["under_way"] == []
        finally:
            slow.set()
        assert asked.result() == 200
        wait_until(lambda: not ask(site, "traffic")["under_way"], "it has ended")

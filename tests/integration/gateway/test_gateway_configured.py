"""Projects that configure their own gateway: each with its own connections, secrets, limits and records."""

import json
import logging
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from masthead.testing.disk import files_holding
from masthead.testing.gateway import wait_until
from masthead.testing.raw_upstream import Peer, RawUpstream
from masthead.testing.site import Site, site_in

pytestmark = pytest.mark.integration

CONFIG = "/api/v1/gateway/config"
SECRETS = "/api/v1/gateway/secrets"
ONES = "sk-one-a1b2c3d4e5f6"
TWOS = "sk-two-f6e5d4c3b2a1"
ANSWER = {
    "id": "c1",
    "object": "chat.completion",
    "model": "gpt-4o-mini",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "hello"}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 400_000, "completion_tokens": 1},
}


class Vendor:
    """An upstream that keeps which keys it was shown, and may be told to fail."""

    def __init__(self) -> None:
        self.keys: list[str] = []
        self.status = "200 OK"
        self.upstream = RawUpstream(self._talk)

    def _talk(self, peer: Peer) -> None:
        while request := peer.request():
            head = request.partition(b"\r\n\r\n")[0].decode()
            self.keys += [line.partition(" ")[2] for line in head.split("\r\n") if line.startswith("authorization:")]
            peer.answer(json.dumps(ANSWER).encode(), status=self.status)


@pytest.fixture
def vendor() -> Iterator[Vendor]:
    made = Vendor()
    with made.upstream:
        yield made


@pytest.fixture
def site(tmp_path: Path, vendor: Vendor) -> Iterator[Site]:
    (tmp_path / "gateway.toml").write_text(
        '[projects]\nallow_networks = ["loopback"]\n'
        f'[connections.shared]\nbase_url = "{vendor.upstream.url}"\nallow_networks = ["loopback"]\n'
        'models = ["common"]\nheaders = { x-org = "h1dden-of-the-file" }\n'
    )
    with site_in(tmp_path, require_keys=True) as opened:
        yield opened


def own(vendor: Vendor, **more: Any) -> dict[str, Any]:
    """Return a document with one connection, whose secret is stored."""
    connection = {"base_url": vendor.upstream.url, "secret": "stored:vendor", "allow_networks": ["loopback"]}
    return {"connections": {"mine": connection | {"models": ["gpt-4o-mini"]}}} | more


def put(site: Site, project: str, document: dict[str, Any]) -> Any:
    key = site.key(project)
    revision = site.ask("GET", CONFIG, key).json()["revision"]
    response = site.ask("PUT", CONFIG, key, json={"revision": revision, "document": document})
    assert response.status_code == 200, response.text
    return response.json()


def store(site: Site, project: str, value: str, name: str = "vendor") -> None:
    assert site.ask("PUT", f"{SECRETS}/{name}", site.key(project), json={"value": value}).status_code == 200


def call(site: Site, key: str, model: str = "gpt-4o-mini", **headers: str) -> Any:
    body = {"model": model, "messages": [{"role": "user", "content": "an opinion of mine"}], "temperature": 0}
    return site.ask("POST", "/v1/chat/completions", key, json=body, headers=headers)


def models(site: Site, key: str) -> list[str]:
    return [one["id"] for one in site.ask("GET", "/v1/models", key).json()["data"]]


def test_each_project_calls_with_its_own_secret_and_none_is_ever_told(
    site: Site, vendor: Vendor, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    said = list[str]()
    with caplog.at_level(logging.DEBUG):
        for project, value in (("one", ONES), ("two", TWOS)):
            put(site, project, own(vendor))
            said.append(call(site, site.key(project)).text)  # before it is stored: an error
            store(site, project, value)
            assert call(site, site.key(project)).status_code == 200
        assert vendor.keys == [f"Bearer {ONES}", f"Bearer {TWOS}"]
        store(site, "one", "sk-one-changed-0")
        assert call(site, site.key("one")).status_code == 200
        assert vendor.keys[-1] == "Bearer sk-one-changed-0"
        assert site.ask("DELETE", f"{SECRETS}/vendor", site.key("one")).status_code == 204
        gone = call(site, site.key("one"))
        assert gone.status_code == 502, gone.text
        assert "no secret that can be used" in gone.text
        assert call(site, site.key("two")).status_code == 200
        said.append(gone.text)
        for path in (CONFIG, f"{CONFIG}/history", SECRETS, "/api/v1/audit", "/v1/models", "/metrics", "/api/v1/keys"):
            said += [site.ask("GET", path, site.key(project)).text for project in ("one", "two")]
        for body in ({"valeu": TWOS}, {"value": [TWOS]}, {"value": TWOS + "é"}, {"value": TWOS, "x": TWOS}, TWOS):
            refused = site.ask("PUT", f"{SECRETS}/vendor", site.key("two"), json=body)
            assert refused.status_code == 422
            said.append(refused.text)
        metrics = site.ask("GET", "/metrics", site.key("two")).text
        assert 'attempts_total{connection="mine",outcome="ok"}' in metrics
        assert 'project="one"' not in metrics
    everything = "\n".join([*said, caplog.text])
    assert "h1dden-of-the-file" not in everything
    site.door.flush()
    for value in (ONES, TWOS, "sk-one-changed-0"):
        assert value not in everything
        assert files_holding(tmp_path, value.encode()) == []


def test_a_lost_master_key_is_told_to_owners_with_the_remedy_and_calls_fall_back(
    site: Site, vendor: Vendor, tmp_path: Path
) -> None:
    targets = [{"connection": "mine", "model": "gpt-4o-mini"}, {"connection": "shared", "model": "common"}]
    put(site, "one", own(vendor, routes=[{"model": "safe", "targets": targets}]))
    store(site, "one", ONES)
    (tmp_path / "secrets.key").unlink()
    store(site, "two", TWOS)  # which makes another master key
    put(site, "one", own(vendor, routes=[{"model": "safe", "targets": targets, "retry": {"times": 0}}]))
    (warning,) = site.ask("GET", CONFIG, site.key("one")).json()["warnings"]
    assert warning["where"] == "connections.mine.secret"
    assert "does not hold it" in warning["message"]
    assert "masthead secrets set" in warning["message"]
    assert call(site, site.key("one")).status_code == 502
    assert call(site, site.key("one"), "safe").status_code == 200
    assert vendor.keys == []  # the file's connection has none
    store(site, "one", ONES)
    assert call(site, site.key("one")).status_code == 200


def test_the_last_use_of_a_secret_is_shown(site: Site, vendor: Vendor) -> None:
    put(site, "one", own(vendor))
    store(site, "one", ONES)
    listed = site.ask("GET", SECRETS, site.key("one")).json()["items"]
    assert [(one["name"], one["last_used"]) for one in listed] == [("vendor", None)]
    assert call(site, site.key("one")).status_code == 200

    def is_noted() -> bool:
        site.services.gateway.tenants.write_uses()
        return site.ask("GET", SECRETS, site.key("one")).json()["items"][0]["last_used"] is not None

    wait_until(is_noted, "the use is noted")


def test_models_are_those_of_the_key_under_its_projects_configuration(site: Site, vendor: Vendor) -> None:
    assert models(site, site.key("one")) == ["common"]
    put(site, "one", own(vendor, routes=[{"model": "fast", "targets": [{"connection": "shared", "model": "common"}]}]))
    assert models(site, site.key("one")) == ["fast", "gpt-4o-mini", "common"]
    assert models(site, site.key("two")) == ["common"]
    assert call(site, site.key("two"), "gpt-4o-mini").status_code == 404
    assert call(site, site.key("two"), "mine/gpt-4o-mini").status_code == 404
    made = site.ask("POST", "/api/v1/keys", site.key("one"), json={"name": "bot", "models": ["fast*", "gpt-4o"]}).json()
    assert models(site, made["secret"]) == ["fast"]
    refused = call(site, made["secret"], "gpt-4o-mini")
    assert refused.status_code == 403
    assert call(site, made["secret"], "fast").status_code == 200


def test_failing_targets_and_cached_answers_of_one_project_are_none_of_anothers(site: Site, vendor: Vendor) -> None:
    more = {"breaker": {"failures": 1, "pause_s": 600}, "cache": {"is_on": True, "per": "project"}}
    for project in ("one", "two"):
        put(site, project, own(vendor, **more))
        store(site, project, ONES)
    assert call(site, site.key("one")).status_code == 200
    assert call(site, site.key("one")).headers["x-masthead-cache"] == "hit"
    first = call(site, site.key("two"))
    assert (first.status_code, first.headers.get("x-masthead-cache")) == (200, None)
    vendor.status = "500 Internal Server Error"
    fresh = {"x-masthead-cache": "no-store"}
    assert [call(site, site.key("one"), **fresh).status_code for _ in range(2)] == [500, 503]  # then it is set aside
    vendor.status = "200 OK"
    assert call(site, site.key("two"), **fresh).status_code == 200


def test_what_is_kept_of_calls_is_each_projects_own_choice(site: Site, vendor: Vendor) -> None:
    store(site, "one", ONES)
    for number, (content, is_kept) in enumerate((("full", True), ("hashed", False), ("off", False))):
        put(site, "one", own(vendor, recording={"content": content}))
        run, other = f"{number + 1:032x}", f"{number + 101:032x}"
        assert call(site, site.key("one"), **{"x-masthead-run": f"ab{run[2:]}"}).status_code == 200
        assert call(site, site.key("two"), "common", **{"x-masthead-run": other}).status_code == 200
        for project, run_id, kept in (("one", f"ab{run[2:]}", is_kept), ("two", other, True)):
            path = f"/api/v1/runs/{run_id}/spans"
            wait_until(lambda path=path, project=project: bool(items(site, project, path)), "the run can be read")
            span = items(site, project, path)[0]["span_id"]
            told = site.ask("GET", f"{path}/{span}", site.key(project)).text
            assert ("an opinion of mine" in told) is kept
            assert "gpt-4o-mini" in told


def items(site: Site, project: str, path: str) -> list[Any]:
    response = site.ask("GET", path, site.key(project))
    return response.json()["items"] if response.status_code == 200 else []


def test_a_key_is_made_with_budget_and_rate_in_one_step_and_told_when_they_are_used_up(
    site: Site, vendor: Vendor
) -> None:
    put(site, "one", own(vendor))
    store(site, "one", ONES)

    def key(*limits: dict[str, Any]) -> str:
        body = {"name": "bot", "limits": list(limits), "expires_in_s": 3600}
        made = site.ask("POST", "/api/v1/keys", site.key("one"), json=body)
        assert made.status_code == 201, made.text
        return made.json()["secret"]

    rated = key({"window": "day", "requests": 2}, {"window": "month", "requests": 3})
    assert [call(site, rated).status_code for _ in range(4)] == [200, 200, 429, 429]
    refused = call(site, rated)
    assert "2 requests a day" in refused.text
    assert "begins anew at" in refused.text
    assert int(refused.headers["retry-after"]) > 0
    spending = key({"window": "day", "cost_usd": "0.05"})  # a call costs $0.06
    wait_until(lambda: call(site, spending).status_code == 429, "the budget is used up")
    assert "of $0.05 a day" in call(site, spending).text
    reading = key({"window": "total", "tokens": 400_000})
    assert call(site, reading).status_code == 200
    wait_until(lambda: call(site, reading).status_code == 429, "the tokens are counted")
    assert call(site, site.key("one")).status_code == 200  # another key's are not


def test_a_budget_that_is_used_up_can_be_raised_without_a_new_key(site: Site, vendor: Vendor) -> None:
    put(site, "one", own(vendor))
    store(site, "one", ONES)
    limits = [{"window": "day", "requests": 1}]
    made = site.ask("POST", "/api/v1/keys", site.key("one"), json={"name": "bot", "limits": limits}).json()
    assert [call(site, made["secret"]).status_code for _ in range(2)] == [200, 429]
    path = f"/api/v1/keys/{made['key']['id']}"
    raised = site.ask("PATCH", path, site.key("one"), json={"limits": [{"window": "day", "requests": 2}]})
    assert raised.json()["limits"][0]["requests"] == 2
    wait_until(lambda: call(site, made["secret"]).status_code == 200, "the raised limit counts")
    assert call(site, made["secret"]).status_code == 429  # the first call still counts
    assert site.ask("PATCH", path, site.key("two"), json={"models": ["m"]}).status_code == 404
    assert site.ask("PATCH", path, site.key("one"), json={"limits": [{"window": "day"}]}).status_code == 422


def test_the_files_limits_and_a_keys_own_of_the_same_kind_count_each_call_once(
    site: Site, vendor: Vendor, tmp_path: Path
) -> None:
    file = tmp_path / "gateway.toml"
    file.write_text(file.read_text() + '[[limits]]\nper = "key"\nwindow = "day"\nrequests = 5\n')
    site.services.gateway.tenants.look()
    body = {"name": "bot", "limits": [{"window": "day", "requests": 3}]}
    key = site.ask("POST", "/api/v1/keys", site.key("two"), json=body).json()["secret"]
    assert [call(site, key, "common").status_code for _ in range(4)] == [200, 200, 200, 429]
    assert [call(site, site.key("two"), "common").status_code for _ in range(6)] == [200] * 5 + [429]
    assert vendor.keys == []


FAULTS: list[dict[str, Any]] = [
    {"limits": [{"per": "planet"}]},
    {"routes": [{"model": "m", "targets": [{"connection": "nowhere"}]}]},
    {"connections": {"c": {"base_url": "http://127.0.0.1:1", "secret": "env:PATH"}}},
    {"connections": {"c": {"base_url": "http://10.0.0.1", "allow_networks": ["10.0.0.0/8"]}}},
    {"connections": {"c": {"base_url": "http://[::1]", "allow_networks": ["::/0"]}}},
    {"connections": {"c": {"provider": "openai-compatible"}}},
    {"projects": {"allow_networks": ["0.0.0.0/0"]}},
    {"routes": [{"model": "m", "targets": [{"connection": "shared", "when": "evil("}]}]},
    {"nonsense": 1e400},
    {"connections": {"c": {"headers": {"x": "y" * 300_000}}}},
]


def test_what_cannot_be_taken_is_told_and_changes_nothing(site: Site, vendor: Vendor) -> None:
    put(site, "one", own(vendor))
    key, typed = site.key("one"), {"content-type": "application/json"}
    for fault in FAULTS:
        checked = site.ask("POST", f"{CONFIG}/check", key, content=json.dumps({"document": fault}), headers=typed)
        assert checked.status_code == 200, checked.text
        assert not checked.json()["is_ok"], fault
        assert checked.json()["faults"][0]["message"]
        sent = json.dumps({"revision": 1, "document": fault})
        answer = site.ask("PUT", CONFIG, key, content=sent, headers=typed)
        assert answer.status_code in {413, 422}, answer.text
    assert site.ask("GET", CONFIG, site.key("one")).json()["revision"] == 1
    assert models(site, site.key("one")) == ["gpt-4o-mini", "common"]


def test_a_private_address_is_not_reached_once_the_operator_takes_the_permission_back(
    site: Site, vendor: Vendor, tmp_path: Path
) -> None:
    put(site, "one", own(vendor))
    store(site, "one", ONES)
    assert call(site, site.key("one")).status_code == 200
    file = tmp_path / "gateway.toml"
    file.write_text(file.read_text().replace('[projects]\nallow_networks = ["loopback"]', "[projects]"))
    time.sleep(1.1)  # configurations are looked at once a second
    refused = call(site, site.key("one"))
    assert refused.status_code == 502
    assert "127.0.0.1" not in refused.text
    assert len(vendor.keys) == 1
    shown = site.ask("GET", CONFIG, site.key("one")).json()
    assert [one["where"] for one in shown["warnings"]] == ["connections.mine.allow_networks"]


def test_a_document_that_a_changed_file_breaks_keeps_what_held_and_says_why(site: Site, tmp_path: Path) -> None:
    put(site, "one", {"routes": [{"model": "alias", "targets": [{"connection": "shared", "model": "common"}]}]})
    assert call(site, site.key("one"), "alias").status_code == 200
    file = tmp_path / "gateway.toml"
    text = file.read_text()
    file.write_text(text.replace("[connections.shared]", "[connections.renamed]"))
    shown = site.ask("GET", CONFIG, site.key("one")).json()
    assert "'shared'" in shown["faults"][0]["message"]
    assert call(site, site.key("one"), "alias").status_code == 200
    file.write_text("[connections.shared\n")
    assert site.ask("GET", CONFIG, site.key("two")).json()["faults"][0]["where"] == "gateway.toml"
    file.write_text(text)
    assert site.ask("GET", CONFIG, site.key("one")).json()["faults"] == []


def test_changes_are_shown_kept_and_can_be_taken_back(site: Site, vendor: Vendor) -> None:
    first = put(site, "one", own(vendor))
    assert [(one["where"], one["change"]) for one in first["changes"]] == [("connections.mine", "added")]
    assert [one["where"] for one in first["warnings"]] == ["connections.mine.secret"]
    second = put(site, "one", own(vendor, recording={"content": "off"}))
    assert [one["where"] for one in second["changes"]] == ["recording"]
    key = site.key("one")
    stale = site.ask("PUT", CONFIG, key, json={"revision": 1, "document": {}})
    assert (stale.status_code, stale.json()["type"]) == (409, "conflict")
    restored = site.ask("POST", f"{CONFIG}/restore", key, json={"revision": 2, "restore": 1}).json()
    assert (restored["revision"], restored["changes"][0]["change"]) == (3, "removed")
    history = site.ask("GET", f"{CONFIG}/history", key, params={"limit": 2}).json()
    assert [one["revision"] for one in history["items"]] == [3, 2]
    assert [one["changes"][0]["where"] for one in history["items"]] == ["recording", "recording"]
    rest = site.ask("GET", f"{CONFIG}/history", key, params={"limit": 2, "cursor": history["cursor"]}).json()
    assert [one["revision"] for one in rest["items"]] == [1]
    assert site.ask("GET", f"{CONFIG}/history/2", key).json()["document"]["recording"] == {"content": "off"}
    assert site.ask("GET", f"{CONFIG}/history/1", site.key("two")).status_code == 404
    audit = site.ask("GET", "/api/v1/audit", key, params={"action": "gateway.configured"}).json()["items"]
    assert [one["details"]["revision"] for one in audit] == [3, 2, 1]


def test_a_project_that_is_made_anew_has_nothing_of_the_old_one(site: Site, vendor: Vendor) -> None:
    put(site, "two", own(vendor))
    store(site, "two", TWOS)
    assert call(site, site.key("two")).status_code == 200
    operator = site.key("*", "operator")
    assert site.ask("DELETE", "/api/v1/projects/two", site.key("two")).status_code == 200
    assert site.ask("POST", "/api/v1/projects", operator, json={"id": "two"}).status_code == 201
    named = {"X-Masthead-Project": "two"}
    made = site.ask("POST", "/api/v1/keys", operator, json={"name": "new"}, headers=named).json()
    time.sleep(1.1)
    assert models(site, made["secret"]) == ["common"]
    assert site.ask("GET", SECRETS, operator, headers=named).json()["items"] == []
    assert call(site, made["secret"]).status_code == 404
    assert len(vendor.keys) == 1


def test_the_schema_describes_documents(site: Site) -> None:
    schema = site.ask("GET", f"{CONFIG}/schema", site.key("one")).json()["json_schema"]
    assert {"connections", "routes", "limits", "access", "recording"} <= schema["properties"].keys()


def test_secrets_are_kept_for_names_that_a_path_could_take_otherwise(site: Site) -> None:
    for name in ("a.b", "A-1_x", "rotate", "x" * 64):
        assert site.ask("PUT", f"{SECRETS}/{name}", site.key("one"), json={"value": "v"}).status_code == 200
    for name in ("..%2fx", "%00", "a%20b", "a'b", "%E4", "x" * 65, "-x"):
        refused = site.ask("PUT", f"{SECRETS}/{name}", site.key("one"), json={"value": "v"})
        assert refused.status_code in {404, 405, 422}, (name, refused.text)

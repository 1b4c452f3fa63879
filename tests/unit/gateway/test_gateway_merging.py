"""A project's document over the file: whose word holds, what a project may not say, and documents of every kind."""

import string
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from masthead.gateway.call import Identity
from masthead.gateway.config import ConfigRefused, Fault, GatewayConfig, connection_of, parse
from masthead.gateway.config_routes import RunBudgetConfig
from masthead.gateway.differences import between, between_documents, dumped, hidden
from masthead.gateway.merging import document, effective, secrets_named
from masthead.gateway.secret import Secrets
from masthead.model.ids import DEFAULT_PROJECT, ProjectId

pytestmark = pytest.mark.unit

BASE: dict[str, Any] = {
    "connections": {
        "openai": {"provider": "openai", "secret": "env:KEY", "headers": {"x-org": "h1dden"}},
        "local": {"base_url": "http://10.1.2.3/v1", "allow_networks": ["10.0.0.0/8"]},
    },
    "routes": [{"model": "fast", "targets": [{"connection": "openai", "model": "gpt-4o-mini"}]}],
    "limits": [{"per": "project", "window": "day", "cost_usd": "100"}],
    "access": [{"keys": ["bot"], "models": ["fast", "gpt-*"]}],
    "recording": {"content": "hashed"},
    "projects": {"allow_networks": ["192.168.0.0/16"]},
    "max_body_bytes": 2_000_000,
}
BOT = Identity(ProjectId("p"), "k1", "bot")


def base(**more: Any) -> GatewayConfig:
    return parse(BASE | more, where="file")


def merged(own: dict[str, Any], file: GatewayConfig | None = None) -> GatewayConfig:
    file = file or base()
    return effective(file, document(own, file, where="document")).config


def faults(own: dict[str, Any]) -> list[str]:
    with pytest.raises(ConfigRefused) as caught:
        document(own, base(), where="document")
    return [str(one) for one in caught.value.faults]


def test_without_a_word_of_its_own_the_file_holds() -> None:
    assert merged({}).told() == base().told()


def test_the_projects_names_win_over_the_files() -> None:
    own = {
        "connections": {"openai": {"provider": "mistral", "secret": "stored:mine"}},
        "routes": [
            {"model": "fast", "targets": [{"connection": "openai", "model": "small"}]},
            {"model": "own", "targets": [{"connection": "local"}]},
        ],
    }
    found = merged(own)
    assert (found.connections["openai"].provider, found.connections["openai"].secret) == ("mistral", "stored:mine")
    assert found.connections["openai"].headers == {}  # nothing of the file's connection is left in it
    assert found.connections["local"].base_url == "http://10.1.2.3/v1"
    assert [(route.model, route.targets[0].model) for route in found.routes] == [("fast", "small"), ("own", None)]


def test_limits_of_the_file_cannot_be_lifted() -> None:
    found = merged({"limits": [{"per": "project", "window": "day", "cost_usd": "999"}], "limits_uncounted": "refuse"})
    assert [str(one.cost_usd) for one in found.limits] == ["100", "999"]
    assert found.limits_uncounted == "refuse"
    assert merged({"limits_uncounted": "allow"}, base(limits_uncounted="refuse")).limits_uncounted == "refuse"


def test_sizes_are_the_smaller_of_both() -> None:
    assert merged({"max_body_bytes": 5_000_000}).max_body_bytes == 2_000_000
    assert merged({"max_body_bytes": 50_000}).max_body_bytes == 50_000
    assert merged({}).max_body_bytes == 2_000_000
    assert merged({"cache": {"is_on": True, "most_bytes": 2**40}}).cache.most_bytes == 2**26


def test_no_budget_of_a_run_is_larger_than_the_files() -> None:
    file = base(guards={"run": {"calls": 50, "cost_usd": "2"}})
    own = {
        "guards": {"on_finding": "stop", "run": {"calls": 500, "depth": 3}},
        "routes": [
            {"model": "own", "targets": [{"connection": "openai"}], "guards": {"run": {"calls": 10, "cost_usd": "9"}}},
            {"model": "bare", "targets": [{"connection": "openai"}]},
        ],
    }
    found = merged(own, file)
    assert found.guards.on_finding == "stop"
    assert found.guards.run == RunBudgetConfig(calls=50, cost_usd=Decimal(2), depth=3)
    guards = {route.model: route.guards for route in found.routes}
    assert guards["own"] is not None
    assert guards["own"].run == RunBudgetConfig(calls=10, cost_usd=Decimal(2))
    assert guards["bare"] is None
    assert merged({}, file).guards == file.guards


@pytest.mark.parametrize(
    ("own", "model", "may"),
    [
        ([], "gpt-4o", True),
        ([], "claude", False),
        ([{"keys": ["bot"], "models": ["*"]}], "claude", False),  # the file's rule cannot be widened
        ([{"keys": ["bot"], "models": ["gpt-4o"]}], "gpt-4o", True),
        ([{"keys": ["bot"], "models": ["gpt-4o"]}], "fast", False),
        ([{"keys": ["k1"], "models": ["claude"]}], "gpt-4o", False),
        ([{"keys": ["somebody"], "models": ["claude"]}], "gpt-4o", True),
    ],
)
def test_both_the_files_and_the_projects_rules_of_access_must_allow(own: list[Any], model: str, may: bool) -> None:
    assert merged({"access": own}).may_use(BOT, model) is may


def test_a_keys_own_models_hold_beside_the_rules() -> None:
    found = merged({})
    assert not found.may_use(BOT._replace(models=("gpt-4o-*",)), "fast")
    assert found.may_use(BOT._replace(models=("gpt-4o-*",)), "gpt-4o-mini")
    assert not found.may_use(BOT._replace(models=("*",)), "claude")
    assert found.may_use(Identity(ProjectId("p")), "claude")


def test_what_is_recorded_is_the_projects_word() -> None:
    assert merged({}).recording.content == "hashed"
    assert merged({"recording": {"content": "off"}}).recording.content == "off"


@pytest.mark.parametrize("secret", ["env:HOME", "file:/etc/passwd"])
def test_a_project_reads_no_secret_of_the_server(secret: str) -> None:
    told = faults({"connections": {"c": {"base_url": "https://x.example/v1", "secret": secret}}})
    assert told == [
        (
            "connections.c.secret: a project's connections take stored secrets alone: masthead secrets set NAME,"
            " then stored:NAME"
        )
    ]


@pytest.mark.parametrize(
    ("networks", "taken"),
    [
        (["192.168.0.0/16"], True),
        (["192.168.7.0/24"], True),
        (["192.168.0.0/15"], False),
        (["10.0.0.0/8"], False),
        (["loopback"], False),
        (["0.0.0.0/0"], False),
        (["169.254.169.254/32"], False),
        (["::ffff:192.168.0.0/112"], False),
        (["::/0"], False),
        (["192.168.0.0/16", "127.0.0.1/32"], False),
    ],
)
def test_a_project_reaches_the_private_networks_that_the_operator_allows_alone(
    networks: list[str], taken: bool
) -> None:
    own = {"connections": {"c": {"base_url": "https://x.example/v1", "allow_networks": networks}}}
    if taken:
        assert merged(own).connections["c"].allow_networks == tuple(networks)
    else:
        assert any(fault.startswith("connections.c.allow_networks") for fault in faults(own))


def test_a_network_that_the_operator_no_longer_allows_is_left_out_at_once() -> None:
    own = document(
        {"connections": {"c": {"base_url": "https://x.example/v1", "allow_networks": ["192.168.1.0/24"]}}},
        base(),
        where="document",
    )
    found = effective(base(projects={}), own)
    assert found.config.connections["c"].allow_networks == ()
    assert [one.where for one in found.warnings] == ["connections.c.allow_networks"]


def test_a_project_uses_what_is_stored_over_connections_and_secrets_of_its_own() -> None:
    brought = {"connections": BASE["connections"] | {"each": {"provider": "openai", "secret": "stored:openai"}}}
    own = {"connections": {"mine": {"provider": "openai"}, "local": {"base_url": "https://gpu.example"}}}
    project, file = ProjectId("p"), base(**brought)
    for config, may in ((file, {"each"}), (merged(own, file), {"each", "mine", "local"}), (merged({}, file), {"each"})):
        assert {name for name in config.connections if config.may_store(project, name)} == may
        assert all(config.may_store(DEFAULT_PROJECT, name) for name in config.connections)
    assert base(projects={"share_accounts": True}).may_store(project, "openai")
    assert faults({"projects": {"share_accounts": True}})


def test_a_project_may_not_say_what_projects_may_do() -> None:
    assert faults({"projects": {"allow_networks": ["0.0.0.0/0"]}})[0].startswith("projects: ")


def test_every_fault_is_told_with_its_place_and_no_value() -> None:
    own: dict[str, Any] = {
        "connections": {"c": {"secret": "sk-live-in-the-wrong-place", "first_byte_s": -1, "colour": "sk-live-too"}},
        "routes": [{"model": "m", "targets": []}],
        "limits": [{"per": "planet"}],
    }
    told = faults(own)
    assert [one.partition(":")[0] for one in told] == [
        "connections.c.secret",
        "connections.c.first_byte_s",
        "connections.c.colour",
        "routes.0.targets",
        "limits.0.per",
    ]
    assert "sk-live" not in str(told)


def test_a_route_may_name_the_files_connections_and_no_unknown_one() -> None:
    assert merged({"routes": [{"model": "m", "targets": [{"connection": "local"}]}]}).routes[0].model == "m"
    told = faults({"routes": [{"model": "m", "targets": [{"connection": "nowhere"}]}]})
    assert "nowhere" in told[0]
    assert "local, openai" in told[0]


def test_two_routes_of_one_name_are_told() -> None:
    route = {"model": "m", "targets": [{"connection": "local"}]}
    assert "second one of the model 'm'" in faults({"routes": [route, route]})[0]


@pytest.mark.parametrize(
    "header", ["Host", "content-length", "Transfer-Encoding", "connection", "expect", "upgrade", "TE", "trailer"]
)
def test_headers_that_frame_a_message_cannot_be_given(header: str) -> None:
    assert "set by the gateway itself" in faults({"connections": {"c": {"headers": {header: "1"}}}})[0]


def test_a_connection_shows_neither_secret_nor_headers() -> None:
    config = base().connections["openai"]
    made = connection_of("openai", config, Secrets({"KEY": "sk-live-123"}))
    assert made.secret == "sk-live-123"
    assert "sk-live" not in f"{made!r} {made} {(made,)!r}"
    assert "h1dden" not in repr(made)


def test_a_secret_that_is_not_stored_yet_is_the_connections_fault_and_no_reason_to_refuse_all() -> None:
    config = parse({"connections": {"c": {"secret": "stored:later"}}}, where="x").connections["c"]
    made = connection_of("c", config, Secrets({}, lambda _name: None))
    assert made.secret is None
    assert made.fault is not None
    assert "stored:later" in made.fault
    assert list(secrets_named(GatewayConfig(connections={"c": config}))) == [("connections.c.secret", "later")]


def test_changes_are_told_by_name_and_headers_never() -> None:
    after = merged({"routes": [{"model": "fast", "targets": [{"connection": "local"}], "pick": "price"}]})
    told = [str(one) for one in between(base(), after)]
    assert told == ["routes.fast.targets.0.connection: 'openai' → 'local'", "routes.fast.targets.0.model removed",
                    "routes.fast.pick added"]  # fmt: skip
    before = {"connections": {"c": {"headers": {"x-key": "h1dden"}}}}
    changed = {
        "connections": {"c": {"headers": {"x-key": "h1dden2", "y": "h1dden3"}}, "d": {"headers": {"z": "h1dden4"}}}
    }
    found = list(between_documents(before, changed))
    assert [one.where for one in found] == ["connections.c.headers.x-key", "connections.c.headers.y", "connections.d"]
    assert "h1dden" not in str([tuple(one) for one in found])
    assert "h1dden" not in str(hidden(dumped(base())))


@pytest.mark.parametrize(
    "when",
    [
        "[1, 2].all(x, [1, 2].all(y, true))",
        "[1, 2].exists (x, [1] . map( y, y) == [1])",
        "[1].filter//\n(x, [1].exists_one // ) \n (y, true)) == [1]",
    ],
)
def test_a_condition_that_could_hold_up_everybodys_calls_is_refused(when: str) -> None:
    told = faults({"routes": [{"model": "m", "targets": [{"connection": "local", "when": when}]}]})
    assert "more than once" in told[0]
    once = '["a", "b"].exists(model, model == "a")'
    own = {"routes": [{"model": "m", "targets": [{"connection": "local", "when": once}]}]}
    assert merged(own).routes[0].targets[0].when == once


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(["env:X", "stored:x", "file:/x", "loopback", "0.0.0.0/0", "https://x/v1", "c", "m", "*"]),
    lambda inner: st.lists(inner, max_size=4)
    | st.dictionaries(
        st.text(max_size=8)
        | st.sampled_from(
            ["connections", "routes", "limits", "access", "model", "targets", "connection", "secret", "headers", "when",
             "allow_networks", "per", "keys", "models", "cache", "recording", "projects", "plugins", "base_url", "c"]
        ),
        inner,
        max_size=5,
    ),
    max_leaves=25,
)  # fmt: skip


def taken(given_document: object, file: GatewayConfig) -> GatewayConfig | list[Fault]:
    try:
        return document(given_document, file, where="fuzz")
    except ConfigRefused as error:
        return list(error.faults)


@given(JSON)
def test_any_document_is_taken_or_refused_with_its_faults(given_document: object) -> None:
    file = base()
    own = taken(given_document, file)
    if isinstance(own, list):
        assert own
        assert all(fault.where and fault.message for fault in own)
        return
    found = effective(file, own).config
    assert all(one.secret is None or one.secret.startswith("stored:") for one in own.connections.values())
    assert found.limits[: len(file.limits)] == file.limits
    for name, connection in own.connections.items():
        assert set(found.connections[name].allow_networks) <= set(connection.allow_networks)
    assert list(between(found, found)) == []


@given(st.dictionaries(st.text(max_size=8), JSON, max_size=4), st.dictionaries(st.text(max_size=8), JSON, max_size=4))
def test_any_two_documents_can_be_compared(before: dict[str, Any], after: dict[str, Any]) -> None:
    assert all(one.change in {"added", "removed", "changed"} for one in between_documents(before, after))
    if "nan" not in repr(before):
        assert list(between_documents(before, before)) == []


@given(st.text(alphabet=string.printable, min_size=1, max_size=60) | st.from_regex(r"stored:.{0,5}", fullmatch=True))
def test_any_text_is_no_secret_reference_but_those_that_are(text: str) -> None:
    own = taken({"connections": {"c": {"secret": text}}}, base())
    if isinstance(own, list):
        assert [fault.where for fault in own] == ["connections.c.secret"]
    else:
        assert own.connections["c"].secret == text
        assert text.startswith("stored:")


def test_a_document_that_is_nested_without_end_is_refused() -> None:
    deep: Any = "x"
    for _ in range(100_000):
        deep = [deep]
    with pytest.raises(ConfigRefused):
        document({"routes": deep}, base(), where="fuzz")
    with pytest.raises(ConfigRefused):
        document({"connections": {"c": {"headers": deep}}}, base(), where="fuzz")

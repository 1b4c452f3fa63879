"""The configuration file: what is taken, and what is told of what is not."""

import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from masthead.gateway.call import Connection
from masthead.gateway.config import (
    ConfigRefused,
    GatewayConfig,
    address_faults,
    connection_of,
    load,
    parse,
    secret_faults,
)
from masthead.gateway.differences import differences
from masthead.gateway.secret import Secrets
from masthead.model.errors import SettingsError

pytestmark = pytest.mark.unit


def connection(more: dict[str, object], environment: dict[str, str] | None = None) -> Connection:
    config = parse({"connections": {"c": more}}, where="test")
    return connection_of("c", config.connections["c"], Secrets(environment or {}))


def test_a_known_vendor_needs_its_key_alone() -> None:
    made = connection({"provider": "anthropic", "secret": "env:KEY"}, {"KEY": " sk-1\n"})
    assert (made.base_url, made.secret, made.dialects[0].value) == ("https://api.anthropic.com/v1", "sk-1", "anthropic")


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"connections": {"c": {"base_url": "ftp://x"}}}, "connections.c.base_url"),
        ({"connections": {"c": {"base_url": "https://user:pw@x/v1"}}}, "connections.c.base_url"),
        ({"connections": {"c": {"base_url": "https://x/v1?y=1"}}}, "connections.c.base_url"),
        ({"connections": {"c": {"base_url": "https://x\\y/v1"}}}, "connections.c.base_url"),
        ({"connections": {"c": {"base_url": "https://x/v1", "allow_networks": ["10.0.0.0/99"]}}}, "allow_networks"),
        ({"connections": {"c": {"base_url": "https://x/v1", "headers": {"a\r\nb": "c"}}}}, "headers"),
        ({"connections": {"c": {"base_url": "https://x/v1", "headers": {"a": "c\r\nd: e"}}}}, "headers"),
        ({"connections": {"c": {"base_url": "https://x/v1", "secret": "sk-plain"}}}, "secret"),
        ({"connections": {"C!": {"base_url": "https://x/v1"}}}, "connections"),
        ({"unknown": 1}, "unknown: there is no such setting here"),
        ({"connections": {"c": {"base_urll": "https://x"}}}, "no such setting here; is 'base_url' meant?"),
        ({"cache": {"ttl": 3}}, "no such setting here; is 'ttl_s' meant?"),
        ({"limits": [{"per": "ky", "requests": 1}]}, "limits.0.per: this must be 'project', 'key', 'user'"),
        ({"plugins": [{"kind": "pi"}]}, "no such kind; choose one of 'pii', 'banned'"),
        ({"routes": [{"model": "m", "targets": ()}]}, "routes.0.targets: it is empty: give one at least"),
        ({"access": [{"keys": ["k"]}]}, "access.0.models: it is missing"),
    ],
)
def test_what_cannot_be_taken_is_told_with_its_place(given: dict[str, object], told: str) -> None:
    with pytest.raises(SettingsError, match="cannot be taken") as caught:
        parse(given, where="gateway.toml")
    assert told in str(caught.value)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"base_url": "http://127.0.0.1:8000/v1"}, 'allow_networks = ["loopback"]'),
        ({"base_url": "http://localhost:8000/v1"}, 'allow_networks = ["loopback"]'),
        ({"base_url": "http://10.1.2.3/v1"}, 'allow_networks = ["10.1.2.3"]'),
        ({"base_url": "http://127.0.0.1:8000/v1", "allow_networks": ["loopback"]}, None),
        ({"base_url": "http://10.1.2.3/v1", "allow_networks": ["10.1.2.3"]}, None),
        ({"provider": "openai"}, None),
        ({"base_url": "https://models.example/v1"}, None),
    ],
)
def test_an_address_to_which_calls_will_be_refused_is_told_with_the_remedy(
    given: dict[str, object], told: str | None
) -> None:
    config = parse({"connections": {"c": given}}, where="test")
    faults = [one.message.rpartition(": ")[2] for one in address_faults(config)]
    assert faults == ([] if told is None else [told])


def test_a_provider_whose_address_is_not_known_is_refused_with_the_place() -> None:
    with pytest.raises(SettingsError, match=r"connections\.c\.base_url: the address of Azure .* give 'resource'"):
        list(address_faults(parse({"connections": {"c": {"provider": "azure"}}}, where="test")))


def test_a_list_whose_entries_are_refused_is_not_called_empty_too() -> None:
    target = {"connection": "c", "when": "agent = 3"}
    with pytest.raises(ConfigRefused) as refused:
        parse({"routes": [{"model": "m", "targets": [target]}]}, where="test")
    assert [one.where for one in refused.value.faults] == ["routes.0.targets.0.when"]


@pytest.mark.parametrize(
    ("provider", "told"),
    [
        ("openia", ["'openia' is no provider that is known (is 'openai' meant?); it is taken for one that speaks"]),
        ("our-house", []),
        ("OpenAI", []),
        ("moonshotai", []),
    ],
)
def test_a_provider_that_is_misspelt_is_told_and_a_name_of_ones_own_is_not(provider: str, told: list[str]) -> None:
    made = parse({"connections": {"c": {"provider": provider, "base_url": "https://x.example/v1"}}}, where="test")
    faults = [one for one in address_faults(made) if one.where == "connections.c.provider"]
    assert [one.message.partition(" OpenAI's")[0] for one in faults] == told


def test_an_unknown_provider_without_an_address_is_named() -> None:
    with pytest.raises(SettingsError, match=r"'openia' is no provider that is known .is 'openai' meant.*base URL"):
        list(address_faults(parse({"connections": {"c": {"provider": "openia"}}}, where="test")))


def test_a_missing_secret_is_told_by_its_name() -> None:
    given = {"none": {"secret": "env:NONE"}, "bad": {"secret": "env:BAD"}, "good": {"secret": "env:GOOD"}}
    given |= {"file": {"secret": "file:/no/such/key"}, "stored": {"secret": "stored:later"}, "free": {}}
    given |= {"google": {"secret": "env:GOOD", "provider": "vertex"}, "json": {"secret": "env:J", "provider": "vertex"}}
    environment = {"BAD": "a\r\nx: y", "GOOD": "sk-1", "J": "{"}
    told = {one.where: one.message for one in secret_faults(parse({"connections": given}, where="x"), environment)}
    assert [where.partition(".")[2] for where in told] == ["none", "bad", "file", "json"]
    assert "env:NONE" in told["connections.none"] and "no header may hold" in told["connections.bad"]


@pytest.mark.parametrize(
    ("secret", "base_url", "told"),
    [
        ("AKIA:secret", "https://proxy.example", "no region can be read in 'https://proxy.example'"),
        ("AKIA:", "https://bedrock-runtime.eu-west-1.amazonaws.com", "ACCESS_KEY:SECRET_KEY"),
        ("AKIA:secret", "https://bedrock-runtime.eu-west-1.amazonaws.com", None),
        ("a-bearer-token", "https://proxy.example", None),
    ],
)
def test_a_key_that_cannot_sign_for_its_address_is_told_before_the_first_call(
    secret: str, base_url: str, told: str | None
) -> None:
    given: dict[str, object] = {"provider": "bedrock", "base_url": base_url, "secret": "env:AWS"}
    faults = [one.message for one in secret_faults(parse({"connections": {"c": given}}, where="x"), {"AWS": secret})]
    assert len(faults) == (told is not None)
    assert told is None or told in faults[0]
    assert (connection(given, {"AWS": secret}).fault is None) == (told is None)


def test_a_missing_secret_of_the_server_is_the_connections_fault_and_is_not_named_to_projects() -> None:
    for secret in ("env:NONE", "file:/run/h1dden/key"):
        made = connection({"base_url": "https://x/v1", "secret": secret})
        assert made.secret is None
        assert made.fault is not None and "gateway.toml" in made.fault
        assert secret.partition(":")[2] not in made.fault


def test_a_secret_is_read_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("sk-file\n")
    assert connection({"base_url": "https://x/v1", "secret": f"file:{tmp_path}/key"}).secret == "sk-file"


def test_a_file_that_is_no_toml_says_where(tmp_path: Path) -> None:
    path = tmp_path / "gateway.toml"
    path.write_text("[connections\n")
    with pytest.raises(SettingsError, match="is no TOML"):
        load(path)


def test_changes_are_told_value_by_value() -> None:
    before = {"a": {"x": 1, "y": [1]}, "b": 2}
    after = {"a": {"x": 1, "y": [2]}, "c": 3}
    assert list(map(str, differences(before, after))) == ["a.y: [1] → [2]", "b removed", "c added"]


@given(st.text(max_size=200) | st.text(alphabet='[]{}="\n\t ,.#abcconnections1', max_size=200))
def test_any_file_is_read_or_refused(text: str) -> None:
    path = Path(tempfile.mkdtemp()) / "gateway.toml"
    path.write_text(text, "utf-8", "surrogatepass")
    outcome: object
    try:
        outcome = load(path)
    except SettingsError as error:
        outcome = error
    assert isinstance(outcome, GatewayConfig | SettingsError)
    path.unlink()
    path.parent.rmdir()

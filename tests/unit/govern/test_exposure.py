"""Bound beyond loopback, the server demands keys and does not start without one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from masthead.govern.exposure import are_keys_required, is_loopback
from masthead.settings import Settings

pytestmark = pytest.mark.unit


LOOPBACK = ("127.0.0.1", "127.8.9.1", "::1", "[::1]", "localhost", "LOCALHOST.", "a.localhost", "::ffff:127.0.0.1")
NUMBERS = ("0.0.0.0", "::", "", "192.168.0.1", "::ffff:8.8.8.8", "2130706433")  # noqa: S104 - nothing is bound
NAMES = ("example.org", "localhost.example.org", "127.0.0.1.example.org", "notlocalhost")


@pytest.mark.parametrize("host", LOOPBACK)
def test_loopback_is_recognised(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize("host", [*NUMBERS, *NAMES])
def test_everything_else_is_not(host: str) -> None:
    assert not is_loopback(host)


@given(st.ip_addresses())
def test_only_addresses_of_this_machine_count(address: object) -> None:
    assert is_loopback(str(address)) == (str(address).startswith("127.") or str(address) == "::1")


@pytest.mark.parametrize(
    ("host", "require_keys", "expected"),
    [("127.0.0.1", False, False), ("127.0.0.1", True, True), ("10.0.0.1", False, True), ("::", False, True)],
)
def test_keys_are_required_where_others_can_reach_the_server(host: str, require_keys: bool, expected: bool) -> None:
    assert are_keys_required(Settings(host=host, require_keys=require_keys)) is expected

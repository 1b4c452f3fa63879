"""Which addresses a connection may reach."""

import asyncio
import socket
from typing import Any

import pytest

from masthead.gateway.call import Timeouts
from masthead.gateway.upstream.addresses import addresses_of, is_allowed
from masthead.gateway.upstream.http1 import head_of
from masthead.gateway.upstream.port import Origin, UpstreamFailed, UpstreamRequest

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.0.0.1", "172.16.3.4", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.1", "224.0.0.1",
        "255.255.255.255", "::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1", "ff02::1", "::ffff:127.0.0.1",
        "::ffff:169.254.169.254", "64:ff9b::7f00:1", "2002:7f00:1::", "2002:a9fe:a9fe::", "198.18.0.1", "192.0.2.1",
        "168.63.129.16", "192.0.0.192", "100.100.100.200", "169.254.170.2", "fd00:ec2::254", "fec0::1",
        "64:ff9b:1::a9fe:a9fe", "::127.0.0.1", "::ffff:0:127.0.0.1", "::ffff:168.63.129.16", "3fff::1",
    ],
)  # fmt: skip
def test_addresses_that_are_not_public_are_refused_whatever_they_are_wrapped_in(address: str) -> None:
    assert not is_allowed(address, ())


@pytest.mark.parametrize("address", ["1.1.1.1", "8.8.8.8", "2606:4700:4700::1111", "::ffff:8.8.8.8"])
def test_public_addresses_are_allowed(address: str) -> None:
    assert is_allowed(address, ())


def test_a_range_allows_itself_and_nothing_beside_it() -> None:
    assert is_allowed("10.1.2.3", ("10.1.0.0/16",))
    assert is_allowed("::ffff:10.1.2.3", ("10.1.0.0/16",))
    assert not is_allowed("10.2.2.3", ("10.1.0.0/16",))
    assert not is_allowed("169.254.169.254", ("10.0.0.0/8", "127.0.0.0/8"))


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "localhost", "2130706433", "0x7f.1", "127.1", "0x7f000001", "017700000001", "0", "0.0", "localhost."],
)
async def test_every_spelling_of_the_loopback_is_refused(host: str) -> None:
    with pytest.raises(UpstreamFailed) as caught:
        await addresses_of(Origin("http", host, 80), asyncio.get_running_loop(), 5)
    assert caught.value.kind in {"refused", "connect"}


async def test_a_name_with_one_forbidden_address_is_refused_as_a_whole() -> None:
    class Loop(asyncio.SelectorEventLoop):
        async def getaddrinfo(self, *_args: Any, **_more: Any) -> Any:
            return [(socket.AF_INET, 1, 6, "", (one, 80)) for one in ("8.8.8.8", "10.0.0.1")]

    loop = Loop()
    try:
        with pytest.raises(UpstreamFailed, match=r"10\.0\.0\.1"):
            await addresses_of(Origin("http", "rebound.example", 80), loop, 5)
    finally:
        loop.close()


@pytest.mark.parametrize("bad", [b"a\r\nx: y", b"a\nb", b"a\0b", b"a\rb"])
def test_a_header_with_a_line_break_is_not_sent(bad: bytes) -> None:
    for headers, target in (((b"user-agent", bad),), "/v1"), (((b"a", b"b"),), "/v1" + bad.decode()):
        request = UpstreamRequest("POST", Origin("http", "h", 80), target, headers, b"", Timeouts())
        with pytest.raises(UpstreamFailed):
            head_of(request)

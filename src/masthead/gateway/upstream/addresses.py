"""Which addresses may be connected to: public ones, and those private ranges that a connection allows by name.

A configuration that names a host is not to become a way into the network that the gateway stands in (SSRF): the name is
resolved here, every address it has must be allowed, and the very address that was checked is connected to, so that a
second answer of the name server changes nothing.
"""

import asyncio
import ipaddress
import socket
from functools import lru_cache
from typing import Final

from masthead.gateway.upstream.port import Origin, UpstreamFailed

_IP = ipaddress.IPv4Address | ipaddress.IPv6Address
_NAT64: Final = ipaddress.ip_network("64:ff9b::/96")
_NOT_PUBLIC: Final = tuple(
    ipaddress.ip_network(one)
    for one in (
        "168.63.129.16/32", "192.0.0.0/24", "192.88.99.0/24", "64:ff9b:1::/48", "3fff::/20", "5f00::/16", "fec0::/10",
    )
)  # fmt: skip
"""What some releases of Python take for public: where clouds tell a machine its own secrets (Azure, Oracle), relays,
local translations, documentation, site-local addresses."""


async def addresses_of(origin: Origin, loop: asyncio.AbstractEventLoop, timeout_s: float) -> list[str]:
    """Return the addresses of the origin's host, each of them allowed.

    Raises:
        UpstreamFailed: the host has no address, or one that is not allowed.
    """
    found = [origin.host] if is_address(origin.host) else await _looked_up(origin, loop, timeout_s)
    for one in found:
        if not is_allowed(one, origin.allowed_networks):
            raise UpstreamFailed(
                f"{origin.host!r} has the address {one}, which is not public;"
                " name its range in the connection's allow_networks if it is meant",
                kind="refused",
            )
    return found


@lru_cache(maxsize=4096)
def is_address(host: str) -> bool:
    """Say whether a host is an address already, not a name."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


@lru_cache(maxsize=4096)
def is_allowed(address: str, allowed_networks: tuple[str, ...]) -> bool:
    """Say whether an address is public, or in one of these networks; what it is wrapped in does not hide it.

    Remembered: reading the networks takes some 30 µs, and a thousand streams a second may open.
    """
    ip = ipaddress.ip_address(address.partition("%")[0])
    if any(_is_in(ip, network) for network in allowed_networks):
        return True
    inner = _unwrapped(ip)
    if inner is not ip and any(_is_in(inner, network) for network in allowed_networks):
        return True
    if any(inner.version == network.version and inner in network for network in _NOT_PUBLIC):
        return False
    return inner.is_global and not inner.is_multicast and not inner.is_reserved


def _is_in(ip: _IP, network: str) -> bool:
    parsed = ipaddress.ip_network(network)
    return parsed.version == ip.version and ip in parsed


def _unwrapped(ip: _IP) -> _IP:
    """Return the IPv4 address inside an IPv6 one that carries it."""
    if not isinstance(ip, ipaddress.IPv6Address):
        return ip
    if ip in _NAT64:
        return ipaddress.IPv4Address(int(ip) & 0xFFFF_FFFF)
    teredo = ip.teredo
    return ip.ipv4_mapped or ip.sixtofour or (teredo[1] if teredo else None) or ip


async def _looked_up(origin: Origin, loop: asyncio.AbstractEventLoop, timeout_s: float) -> list[str]:
    try:
        async with asyncio.timeout(timeout_s):
            rows = await loop.getaddrinfo(origin.host, origin.port, type=socket.SOCK_STREAM)
    except TimeoutError as error:
        raise UpstreamFailed(f"{origin.host!r} was not resolved within {timeout_s:g} s", kind="connect") from error
    except (OSError, UnicodeError) as error:
        raise UpstreamFailed(f"{origin.host!r} cannot be resolved: {error}", kind="connect") from error
    found = list(dict.fromkeys(str(row[4][0]) for row in rows))
    if not found:
        raise UpstreamFailed(f"{origin.host!r} has no address", kind="connect")
    return found

"""The socket that a server listens on, and the address that people are told."""

import socket
import sys
from typing import Final

from masthead.model.errors import SettingsError
from masthead.settings import Settings

_IS_BALANCED: Final = sys.platform == "linux"
"""Whether connections are spread among the sockets of one address; elsewhere the last one gets them all."""


def listener_of(settings: Settings) -> socket.socket:
    """Return a socket that listens where the settings say; raise `SettingsError` where that is taken."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listener = socket.socket(family)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((settings.host, settings.port))
    except OSError as error:
        listener.close()
        remedy = "stop what uses it, or choose another with --port (0 takes a free one)"
        message = f"cannot listen on {settings.host}:{settings.port}: {error.strerror or error}; {remedy}"
        raise SettingsError(message) from error
    listener.listen(2048)
    return listener


def shared_of(settings: Settings) -> socket.socket:
    """Return a socket that holds an address for several processes, each with a `sibling_of` of its own.

    Raises:
        SettingsError: the address is taken.
    """
    listener = listener_of(settings)
    if not _IS_BALANCED:
        return listener
    address = listener.getsockname()
    listener.close()  # it was there to find out whether somebody else listens, which the next does not say
    return _bound(listener.family, address)


def sibling_of(shared: socket.socket) -> socket.socket:
    """Return a socket for one process: on Linux one of its own, among which the kernel spreads what comes in.

    With a single one for all, the process that wakes first takes all connections of a burst: 16 of 16 (measured).
    """
    if not _IS_BALANCED:
        return shared.dup()
    return _bound(shared.family, shared.getsockname())


def _bound(family: int, address: tuple[object, ...]) -> socket.socket:
    made = socket.socket(family)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    made.bind(address)
    return made


def url_of(settings: Settings, listener: socket.socket) -> str:
    """Return the address that a client on this machine uses."""
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(settings.host, settings.host)  # noqa: S104 - read, not bound
    return f"http://{f'[{host}]' if ':' in host and '[' not in host else host}:{listener.getsockname()[1]}"

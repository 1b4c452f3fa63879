"""The socket that a server listens on, and the address that people are told."""

import socket

from masthead.model.errors import SettingsError
from masthead.settings import Settings


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


def url_of(settings: Settings, listener: socket.socket) -> str:
    """Return the address that a client on this machine uses."""
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(settings.host, settings.host)  # noqa: S104 - read, not bound
    return f"http://{f'[{host}]' if ':' in host and '[' not in host else host}:{listener.getsockname()[1]}"

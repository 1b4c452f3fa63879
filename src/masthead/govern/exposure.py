"""May the server start as it is set up: bound beyond loopback it demands keys."""

import ipaddress

from masthead.govern.keyring import Keyring
from masthead.model.errors import SettingsError
from masthead.settings import Settings


def is_loopback(host: str) -> bool:
    """Say whether an address or name can be reached from this machine alone."""
    if host.lower().rstrip(".") == "localhost" or host.lower().endswith(".localhost"):
        return True
    try:
        address = ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return address.is_loopback or (mapped is not None and mapped.is_loopback)


def are_keys_required(settings: Settings) -> bool:
    """Say whether every request needs a key: by setting, or because others can reach the server."""
    return settings.require_keys or not is_loopback(settings.host)


def check_exposure(settings: Settings, keyring: Keyring) -> None:
    """Go on where the server may start.

    Raises:
        SettingsError: keys are required and there is none.
    """
    if are_keys_required(settings) and keyring.count_usable() == 0:
        why = "require_keys is on" if is_loopback(settings.host) else f"host {settings.host!r} is not loopback"
        raise SettingsError(
            f"{why}, so every request needs a key, and there is none;"
            " make one first: masthead key create --role owner --name me"
        )

"""Fetch the catalogues anew: the one place where prices and limits come over the network, and only when asked to."""

from collections.abc import Callable
from pathlib import Path

import httpx

from masthead.model.errors import UpstreamError
from masthead.providers.limits import FETCHED_LIMITS, read_limits
from masthead.providers.limits import SOURCE_URL as LIMITS_URL
from masthead.providers.prices import FETCHED_PRICES, read_prices
from masthead.providers.prices import SOURCE_URL as PRICES_URL


def refresh(
    folder: Path, client: httpx.Client, *, prices_url: str = PRICES_URL, limits_url: str = LIMITS_URL
) -> list[Path]:
    """Fetch both catalogues into the folder and return the files; one that cannot be read replaces nothing.

    Raises:
        UpstreamError: an address cannot be reached or refuses.
        SettingsError: what came is not of the catalogue's form.
    """
    return [
        _fetch(client, prices_url, folder / FETCHED_PRICES, read_prices),
        _fetch(client, limits_url, folder / FETCHED_LIMITS, read_limits),
    ]


def forget(folder: Path) -> None:
    """Go back to the catalogues of the installed packages."""
    for name in (FETCHED_PRICES, FETCHED_LIMITS):
        (folder / name).unlink(missing_ok=True)


def _fetch(client: httpx.Client, url: str, path: Path, read: Callable[[bytes, str], object]) -> Path:
    try:
        response = client.get(url)
    except httpx.HTTPError as error:
        raise UpstreamError(f"{url} cannot be reached: {error or type(error).__name__}") from error
    if not response.is_success:
        raise UpstreamError(f"{url} answered {response.status_code}")
    read(response.content, url)
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_suffix(".new")
    beside.write_bytes(response.content)
    beside.replace(path)
    return path

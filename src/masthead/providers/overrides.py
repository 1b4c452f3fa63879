"""What a team says of models itself: `models.toml` in the data folder, which wins over the catalogues.

[[models]]
provider = "openai"                # left out: any provider
model = "house-*"                  # `*` and `?` stand for anything and any letter
context_tokens = 128000
max_output_tokens = 16384
capabilities = ["tools", "vision"]
input_usd_per_million = "0.50"     # a string, so that no digit is lost
output_usd_per_million = "1.50"
cache_read_usd_per_million = "0.05"
cache_write_usd_per_million = "0.60"
usd_per_request = "0"
"""

import tomllib
from decimal import Decimal, InvalidOperation
from fnmatch import fnmatchcase
from functools import lru_cache
from pathlib import Path
from typing import Final, cast, get_args

import msgspec

from masthead.model.errors import SettingsError
from masthead.providers.cards import Capability
from masthead.providers.rates import Rate, Rates
from masthead.providers.vendors import known_vendor

FILE_NAME: Final = "models.toml"
_CAPABILITIES: Final = frozenset(cast("tuple[str, ...]", get_args(Capability)))
_MILLION: Final = Decimal(1_000_000)


@lru_cache(maxsize=1024)
def _is_same(said: str | None, provider: str | None) -> bool:
    """Say whether an entry of this provider speaks of that one, whichever of a vendor's names each has."""
    if said is None or said == provider:
        return True
    return provider is not None and not _names(said).isdisjoint(_names(provider))


def _names(provider: str) -> set[str]:
    row = known_vendor(provider)
    return {provider.lower()} if row is None else {row.id, row.span_name or row.id}


class Override(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One entry of the file."""

    model: str
    provider: str | None = None
    context_tokens: int | None = None
    max_output_tokens: int | None = None
    capabilities: list[str] | None = None
    input_usd_per_million: str | None = None
    output_usd_per_million: str | None = None
    cache_read_usd_per_million: str | None = None
    cache_write_usd_per_million: str | None = None
    usd_per_request: str | None = None

    def is_of(self, provider: str | None, model: str) -> bool:
        """Say whether the entry speaks of this model."""
        return _is_same(self.provider, provider) and fnmatchcase(model.lower(), self.model.lower())

    @property
    def rates(self) -> Rates | None:
        """What it costs; None where the entry names no price."""
        if self.input_usd_per_million is None and self.usd_per_request is None:
            return None
        return Rates(
            input=_rate(self.input_usd_per_million),
            output=_rate(self.output_usd_per_million),
            cache_read=_rate(self.cache_read_usd_per_million),
            cache_write=_rate(self.cache_write_usd_per_million),
            request=Decimal(self.usd_per_request or 0),
        )


def _rate(usd_per_million: str | None) -> Rate | None:
    return None if usd_per_million is None else Rate(Decimal(usd_per_million) / _MILLION)


def read_overrides(path: Path) -> tuple[Override, ...]:
    """Return the file's entries; none where there is no file.

    Raises:
        SettingsError: it cannot be read, or an entry is wrong.
    """
    if not path.exists():
        return ()
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsError(f"{path} cannot be read: {error}") from error
    entries: object = data.pop("models", [])
    if data:
        raise SettingsError(f"{path}: unknown names {sorted(data)}: entries are written under [[models]]")
    if not isinstance(entries, list):
        raise SettingsError(f"{path}: models is no list: entries are written under [[models]], with two brackets")
    listed = cast("list[object]", entries)
    return tuple(_entry(entry, f"{path}, model {position + 1}") for position, entry in enumerate(listed))


def _entry(entry: object, where: str) -> Override:
    try:
        override = msgspec.convert(entry, Override)
    except msgspec.ValidationError as error:
        raise SettingsError(f'{where}: {error}; prices are strings, such as "0.50"') from error
    unknown = set(override.capabilities or ()) - _CAPABILITIES
    if unknown:
        raise SettingsError(f"{where}: unknown capabilities {sorted(unknown)}: there are {sorted(_CAPABILITIES)}")
    for name in Override.__struct_fields__:
        value = getattr(override, name)
        if "usd" in name and value is not None and not _is_price(value):
            raise SettingsError(f'{where}: {name} is {value!r}: write a number that is not negative, such as "0.50"')
    return override


def _is_price(value: str) -> bool:
    try:
        price = Decimal(value)
    except InvalidOperation:
        return False
    return price.is_finite() and price >= 0

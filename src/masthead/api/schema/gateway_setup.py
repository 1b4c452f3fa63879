"""Setting a gateway up over HTTP: who serves models, and whether a connection works."""

from typing import Annotated, Self

from pydantic import Field, JsonValue, SecretStr

from masthead.api.schema.base import Input, Output
from masthead.gateway.probing import Probe
from masthead.providers.vendors import Auth, Vendor


class ModelVendor(Output):
    """Somebody who serves models."""

    id: str
    name: str
    base_url: str | None
    """Its address, with names in braces where a connection must fill something in; null where it has none of its
    own."""
    needs_key: bool
    key_env: str | None
    """The environment variable that its own tools read the key from."""

    @classmethod
    def of(cls, row: Vendor) -> Self:
        """Render a vendor."""
        needs_key = row.auth is not Auth.NONE
        return cls(id=row.id, name=row.name, base_url=row.base_url, needs_key=needs_key, key_env=row.key_env)


class ModelVendors(Output):
    """Who serves models, the best known first."""

    items: list[ModelVendor]


class ConnectionTrial(Input):
    """Which connection to try: one of those in force by its name, or one that is not saved yet."""

    name: Annotated[str, Field(max_length=64)]
    """Its name."""
    connection: dict[str, JsonValue] | None = None
    """As it would stand in the document; null for the one of this name that is in force."""
    key: Annotated[SecretStr, Field(max_length=65_536)] | None = None
    """A key that is not stored yet, instead of the one that the connection names. It is not kept."""
    model: Annotated[str, Field(max_length=300)] | None = None
    """A model to ask for a word where the provider does not list its models."""


class ConnectionTried(Output):
    """What came of trying a connection."""

    is_ok: bool
    said: str
    """In words: what was asked and what came back."""
    models: list[str]
    """The models that it says it serves."""

    @classmethod
    def of(cls, probe: Probe) -> Self:
        """Render what came of it."""
        return cls(is_ok=probe.is_ok, said=probe.said, models=list(probe.models))

"""What a project keeps for its gateway: secrets, of which nobody sees the value again, and its configuration."""

from dataclasses import dataclass, field
from typing import NamedTuple

from masthead.model.ids import ProjectId


@dataclass(frozen=True, kw_only=True, slots=True)
class StoredSecret:
    """A secret as lists show it: never its value."""

    name: str
    created_ns: int
    created_by: str
    updated_ns: int
    updated_by: str
    last_used_ns: int | None
    """To the minute; None where no call used it yet."""


class SecretId(NamedTuple):
    """Which secret: its project's, of that name."""

    project_id: ProjectId
    name: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Sealed:
    """A secret's value, encrypted under a key of its own, and that key, encrypted under a master key."""

    key_id: str
    """The master key's."""
    wrapped_key: bytes = field(repr=False)
    ciphertext: bytes = field(repr=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class GatewayRevision:
    """One revision of a project's own gateway configuration."""

    revision: int
    """1 for the first."""
    document: str
    """JSON, as it was given."""
    time_ns: int
    actor: str

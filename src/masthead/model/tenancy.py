"""Projects, keys, roles and the audit log: who may do what, and who did."""

from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Literal

from masthead.model.ids import ProjectId
from masthead.model.span import Attributes, AttributeValue


class Role(StrEnum):
    """What a key may do; each includes those after it."""

    OWNER = "owner"
    EDITOR = "editor"
    ANNOTATOR = "annotator"
    VIEWER = "viewer"

    def includes(self, other: "Role") -> bool:
        """Say whether this role permits what `other` permits."""
        order = list(Role)
        return order.index(self) <= order.index(other)


RedactionKind = Literal["email", "phone", "card", "secret"]


@dataclass(frozen=True, kw_only=True, slots=True)
class RedactionRule:
    """A custom pattern: what matches is replaced by `[redacted:name]` and counted, never stored."""

    name: str
    pattern: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Redaction:
    """What is taken out of every text at the door. Off by default."""

    is_on: bool = False
    kinds: tuple[RedactionKind, ...] = ("email", "phone", "card", "secret")
    custom: tuple[RedactionRule, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Project:
    """The tenant. `retention_days` is None where spans are kept for ever."""

    id: ProjectId
    name: str
    created_ns: int
    retention_days: int | None = None
    redaction: Redaction = field(default_factory=Redaction)


Window = Literal["minute", "hour", "day", "month", "total"]


@dataclass(frozen=True, kw_only=True, slots=True)
class KeyLimit:
    """What a key may use up at the gateway in a window of time, by the clock in UTC; None means any amount."""

    window: Window
    requests: int | None = None
    tokens: int | None = None
    cost_usd: Decimal | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class ApiKey:
    """A key as lists show it: the secret itself is shown once, when it is made, and stored only as a hash."""

    id: str
    project_id: ProjectId
    name: str
    role: Role
    prefix: str
    """The secret's first characters, to tell keys apart."""
    created_ns: int
    expires_ns: int | None = None
    revoked_ns: int | None = None
    last_used_ns: int | None = None
    models: tuple[str, ...] = ()
    """What it may name as a model at the gateway, with `*` for anything; empty means any."""
    limits: tuple[KeyLimit, ...] = ()
    """What it may use up at the gateway."""


@dataclass(frozen=True, kw_only=True, slots=True)
class AuditEntry:
    """One administrative act. `hash` covers the entry and the one before it, so that a change anywhere shows."""

    sequence: int
    time_ns: int
    project_id: ProjectId | None
    actor: str
    action: str
    target: str
    details: Attributes = field(default_factory=dict[str, AttributeValue])
    previous_hash: str
    hash: str

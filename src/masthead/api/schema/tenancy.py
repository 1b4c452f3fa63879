"""Projects, keys, the audit log, and who the caller is."""

from collections.abc import Sequence
from typing import Annotated

from pydantic import Field, JsonValue

from masthead.api.schema.base import Input, Output, PageQuery, Time, time_or_none
from masthead.model import tenancy as noun
from masthead.model.times import rfc3339

_Name = Annotated[str, Field(min_length=1, max_length=200)]
_ProjectId = Annotated[str, Field(pattern=r"^[a-z0-9]([a-z0-9-]{0,62}[a-z0-9])?$")]
_Days = Annotated[int, Field(ge=1, le=36_500)]


class RedactionRuleSchema(Input):
    """A custom pattern (a Python regular expression); what matches becomes `[redacted:name]`."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9_-]{1,40}$")]
    pattern: Annotated[str, Field(min_length=1, max_length=1000)]


class RedactionInput(Input):
    """What is taken out of every text at the door."""

    is_on: bool
    kinds: list[noun.RedactionKind] = ["email", "phone", "card", "secret"]
    custom: Annotated[list[RedactionRuleSchema], Field(max_length=50)] = []

    def noun(self) -> noun.Redaction:
        """Return the settings."""
        rules = tuple(noun.RedactionRule(name=rule.name, pattern=rule.pattern) for rule in self.custom)
        return noun.Redaction(is_on=self.is_on, kinds=tuple(dict.fromkeys(self.kinds)), custom=rules)


class Redaction(Output):
    """What is taken out of every text at the door."""

    is_on: bool
    kinds: list[noun.RedactionKind]
    custom: list[RedactionRuleSchema]


class Project(Output):
    """A tenant. `retention_days` is null where spans are kept for ever."""

    id: str
    name: str
    created: Time
    retention_days: int | None
    redaction: Redaction

    @classmethod
    def of(cls, project: noun.Project) -> "Project":
        """Render a project."""
        rules = [RedactionRuleSchema(name=rule.name, pattern=rule.pattern) for rule in project.redaction.custom]
        return cls.trusted(
            id=project.id,
            name=project.name,
            created=rfc3339(project.created_ns),
            retention_days=project.retention_days,
            redaction=Redaction(
                is_on=project.redaction.is_on, kinds=list(project.redaction.kinds), custom=rules
            ),
        )


class Projects(Output):
    """The projects that the caller may see, by id."""

    items: list[Project]


class NewProject(Input):
    """A project to create."""

    id: _ProjectId
    name: _Name | None = None
    """What people read; the id where it is left out."""
    retention_days: _Days | None = None
    """How long spans are kept; null keeps them for ever."""
    redaction: RedactionInput | None = None


class ProjectChange(Input):
    """What to change; a field that is left out stays as it is."""

    name: _Name | None = None
    retention_days: _Days | None = None
    """Null, given explicitly, keeps spans for ever."""
    redaction: RedactionInput | None = None


class Key(Output):
    """A key as lists show it: its secret is shown once, when it is made, and stored only as a hash."""

    id: str
    project_id: str
    name: str
    role: noun.Role
    prefix: str
    """The secret's first characters, to tell keys apart."""
    created: Time
    expires: Time | None
    revoked: Time | None
    last_used: Time | None
    """To the minute."""

    @classmethod
    def of(cls, key: noun.ApiKey) -> "Key":
        """Render a key."""
        return cls.trusted(
            id=key.id,
            project_id=key.project_id,
            name=key.name,
            role=key.role,
            prefix=key.prefix,
            created=rfc3339(key.created_ns),
            expires=time_or_none(key.expires_ns),
            revoked=time_or_none(key.revoked_ns),
            last_used=time_or_none(key.last_used_ns),
        )


class Keys(Output):
    """The project's keys, latest first, revoked ones too."""

    items: list[Key]


class NewKey(Input):
    """A key to make."""

    name: _Name
    role: noun.Role = noun.Role.EDITOR
    expires_in_days: _Days | None = None
    """Null never expires."""


class CreatedKey(Output):
    """A new key. This is the only time that its secret is shown."""

    key: Key
    secret: str


class AuditEntry(Output):
    """One administrative act. `hash` covers the entry and the one before it."""

    sequence: int
    time: Time
    project_id: str | None
    actor: str
    action: str
    target: str
    details: dict[str, JsonValue]
    previous_hash: str
    hash: str

    @classmethod
    def of(cls, entry: noun.AuditEntry) -> "AuditEntry":
        """Render an entry."""
        return cls.trusted(
            sequence=entry.sequence,
            time=rfc3339(entry.time_ns),
            project_id=entry.project_id,
            actor=entry.actor,
            action=entry.action,
            target=entry.target,
            details=dict(entry.details),
            previous_hash=entry.previous_hash,
            hash=entry.hash,
        )


class AuditPage(Output):
    """One page of the audit log, latest first."""

    items: list[AuditEntry]
    cursor: str | None


def audit_page(entries: Sequence[noun.AuditEntry], cursor: str | None) -> AuditPage:
    """Render a page of entries."""
    return AuditPage.trusted(items=[AuditEntry.of(entry) for entry in entries], cursor=cursor)


class AuditQuery(PageQuery):
    """Which entries to list; leaving a parameter out means any."""

    action: _Name | None = None
    """Such as `key.created`."""


class AuditVerdict(Output):
    """Whether the whole log is as it was written."""

    is_intact: bool
    entries: int
    first_broken: int | None
    """The sequence number of the first entry that does not fit."""
    reason: str | None
    head: str
    """The last entry's hash; note it elsewhere to prove later that nothing before it was changed or cut off."""


class Erased(Output):
    """What was truly removed of one end user."""

    runs: int
    spans: int
    scores: int


class ProjectDeleted(Output):
    """What was truly removed with the project."""

    runs: int
    spans: int
    scores: int
    keys: int


class Me(Output):
    """Who the caller is and what it may do."""

    actor: str
    project_id: str
    role: noun.Role
    is_operator: bool
    """Whether the caller may create projects and choose among all of them."""
    is_login_required: bool
    csrf_token: str | None
    """For callers with a session cookie: to be sent as `X-CSRF-Token` with everything that changes something."""
    version: str
    """Masthead's own."""


class SessionInput(Input):
    """A key to log in with."""

    key: Annotated[str, Field(min_length=1, max_length=200)]


class Health(Output):
    """Whether the process answers."""

    status: str
    version: str


class Readiness(Output):
    """Whether it can take and show runs; each part says `ok`, or what is wrong."""

    is_ready: bool
    parts: dict[str, str]

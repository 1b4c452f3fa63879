"""Projects, keys, the audit log, and who the caller is."""

from decimal import Decimal
from typing import Annotated

from pydantic import Field, JsonValue, model_validator

from masthead.api.schema.base import Input, Output, PageQuery, Time, Usd, time_or_none, usd_or_none
from masthead.govern import keyring
from masthead.govern.chain import Verdict
from masthead.govern.projects import UNCHANGED, Change
from masthead.model import tenancy as noun
from masthead.model.ids import ProjectId
from masthead.model.times import rfc3339

_Name = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")]
_ProjectId = Annotated[str, Field(pattern=r"^[a-z0-9]([a-z0-9-]{0,62}[a-z0-9])?$")]
_Days = Annotated[int, Field(ge=1, le=36_500)]
_Pattern = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x20\x7f]*$")]


class RedactionRuleSchema(Input):
    """A custom pattern (an RE2 regular expression); what matches becomes `[redacted:name]`."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9_-]{1,40}$")]
    pattern: Annotated[str, Field(min_length=1, max_length=1000)]


class RedactionInput(Input):
    """What is taken out of every text at the door."""

    is_on: bool
    kinds: tuple[noun.RedactionKind, ...] = ("email", "phone", "card", "secret")
    custom: Annotated[tuple[RedactionRuleSchema, ...], Field(max_length=50)] = ()

    def noun(self) -> noun.Redaction:
        """Return the settings."""
        rules = tuple(noun.RedactionRule(name=rule.name, pattern=rule.pattern) for rule in self.custom)
        return noun.Redaction(is_on=self.is_on, kinds=tuple(dict.fromkeys(self.kinds)), custom=rules)


class Redaction(Output):
    """What is taken out of every text at the door."""

    is_on: bool
    kinds: list[noun.RedactionKind]
    custom: list[RedactionRuleSchema]


class RedactionTrial(Input):
    """A text on which to try what would be taken out."""

    text: Annotated[str, Field(max_length=100_000)]
    redaction: RedactionInput


class Redacted(Output):
    """The text as it would be stored, and what was taken out of it."""

    text: str
    counts: dict[str, int]
    """By kind."""


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
            redaction=Redaction(is_on=project.redaction.is_on, kinds=list(project.redaction.kinds), custom=rules),
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

    def noun(self) -> noun.Project:
        """Return the project; when it was made is decided where it is made."""
        return noun.Project(
            id=ProjectId(self.id),
            name=self.name or self.id,
            created_ns=0,
            retention_days=self.retention_days,
            redaction=noun.Redaction() if self.redaction is None else self.redaction.noun(),
        )


class ProjectChange(Input):
    """What to change; a field that is left out stays as it is."""

    name: _Name | None = None
    retention_days: _Days | None = None
    """Null, given explicitly, keeps spans for ever."""
    redaction: RedactionInput | None = None

    def noun(self) -> Change:
        """Return what was given; a field that was left out, or a name or redaction of null, changes nothing."""
        given = self.model_fields_set
        return Change(
            name=self.name if self.name is not None else UNCHANGED,
            retention_days=self.retention_days if "retention_days" in given else UNCHANGED,
            redaction=self.redaction.noun() if self.redaction is not None else UNCHANGED,
        )


class KeyLimitSchema(Input):
    """What a key may use up at the gateway in a window of time, by the clock in UTC."""

    window: noun.Window
    requests: Annotated[int, Field(ge=1, le=10**15)] | None = None
    """Calls."""
    tokens: Annotated[int, Field(ge=1, le=10**15)] | None = None
    """Tokens, in and out."""
    cost_usd: Annotated[Decimal, Field(gt=0, max_digits=18, decimal_places=9)] | None = None
    """US dollars, of the calls whose price is known."""

    @model_validator(mode="after")
    def _check_any(self) -> "KeyLimitSchema":
        if self.requests is None and self.tokens is None and self.cost_usd is None:
            raise ValueError("limits nothing: give requests, tokens or cost_usd")
        return self

    def noun(self) -> noun.KeyLimit:
        """Return the limit."""
        return noun.KeyLimit(window=self.window, requests=self.requests, tokens=self.tokens, cost_usd=self.cost_usd)


class KeyLimit(Output):
    """What a key may use up at the gateway in a window of time."""

    window: noun.Window
    requests: int | None
    tokens: int | None
    cost_usd: Usd | None

    @classmethod
    def of(cls, limit: noun.KeyLimit) -> "KeyLimit":
        """Render a limit."""
        return cls.trusted(
            window=limit.window, requests=limit.requests, tokens=limit.tokens, cost_usd=usd_or_none(limit.cost_usd)
        )


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
    models: list[str]
    """What it may name as a model at the gateway, with `*` for anything; empty means any."""
    limits: list[KeyLimit]
    """What it may use up at the gateway, beside what the configuration says."""

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
            models=list(key.models),
            limits=[KeyLimit.of(one) for one in key.limits],
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
    expires_in_s: Annotated[int, Field(ge=1, le=36_500 * 86_400)] | None = None
    """The same in seconds; counts where it is given."""
    models: Annotated[tuple[_Pattern, ...], Field(max_length=100)] = ()
    """Models and routes that it may name at the gateway, with `*` for anything; none given means any."""
    limits: Annotated[tuple[KeyLimitSchema, ...], Field(max_length=20)] = ()
    """What it may use up at the gateway."""

    def lifetime_s(self) -> int | None:
        """Return how long the key works; None for ever."""
        if self.expires_in_s is not None:
            return self.expires_in_s
        return None if self.expires_in_days is None else self.expires_in_days * 86_400


class KeyChange(Input):
    """What to change of a key; a field that is left out stays as it is."""

    models: Annotated[tuple[_Pattern, ...], Field(max_length=100)] | None = None
    """Models and routes that it may name at the gateway, with `*` for anything; an empty list means any."""
    limits: Annotated[tuple[KeyLimitSchema, ...], Field(max_length=20)] | None = None
    """All that it may use up at the gateway; an empty list means as much as the configuration permits."""
    expires_in_s: Annotated[int, Field(ge=1, le=36_500 * 86_400)] | None = None
    """How long it works from now on, in seconds; null, given explicitly, for ever."""

    def noun(self) -> keyring.KeyChange:
        """Return what was given; models or limits of null change nothing."""
        return keyring.KeyChange(
            models=self.models,
            limits=None if self.limits is None else tuple(one.noun() for one in self.limits),
            lifetime_s=self.expires_in_s,
            is_endless="expires_in_s" in self.model_fields_set and self.expires_in_s is None,
        )


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


class AuditQuery(PageQuery):
    """Which entries to list; leaving a parameter out means any."""

    action: _Name | None = None
    """Such as `key.created`."""
    everywhere: bool = False
    """All projects' entries; for the operator alone."""


class VerifyQuery(Input):
    """What to hold the log against."""

    project: str | None = None
    """The project, for callers without a key (the header `X-Masthead-Project` says the same)."""
    head: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] | None = None
    """A hash that was noted earlier; the log must still contain it."""


class AuditVerdict(Output):
    """Whether the whole log is as it was written."""

    is_intact: bool
    entries: int
    first_broken: int | None
    """The sequence number of the first entry that does not fit."""
    reason: str | None
    head: str
    """The last entry's hash; note it elsewhere to prove later that nothing before it was changed or cut off."""

    @classmethod
    def of(cls, verdict: Verdict) -> "AuditVerdict":
        """Render the verdict."""
        return cls.trusted(
            is_intact=verdict.is_intact,
            entries=verdict.entries,
            first_broken=verdict.first_broken,
            reason=verdict.reason,
            head=verdict.head,
        )


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


class LoggedIn(Output):
    """A browser that is logged in; its cookie holds the session."""

    csrf_token: str
    """To be sent as `X-CSRF-Token` with everything that changes something."""

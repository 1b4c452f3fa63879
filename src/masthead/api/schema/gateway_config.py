"""A project's gateway configuration, its revisions, and its secrets."""

from typing import Annotated, Literal, Self

from pydantic import Field, JsonValue, SecretStr

from masthead.api.gateway_desk import Checked, Entry, Shown, Taken
from masthead.api.schema.base import Input, Output, PageQuery, Time, time_or_none
from masthead.gateway import config, differences, document_text
from masthead.model import stored
from masthead.model.errors import InvalidInput
from masthead.model.times import rfc3339

_Revision = Annotated[int, Field(ge=0, le=2**31 - 1)]
Document = Annotated[dict[str, JsonValue], Field(description="As gateway.toml has it; see …/config/schema.")]


class ConfigFault(Output):
    """What is wrong with a configuration, and where."""

    where: str
    """The path of the value, such as `connections.openai.secret`."""
    message: str

    @classmethod
    def all_of(cls, faults: tuple[config.Fault, ...]) -> list[Self]:
        """Render faults."""
        return [cls.trusted(where=one.where, message=one.message) for one in faults]


class ConfigChange(Output):
    """One value that changed. Values of headers are shown as `(hidden)`."""

    where: str
    change: Literal["added", "removed", "changed"]
    before: JsonValue
    after: JsonValue

    @classmethod
    def all_of(cls, changes: tuple[differences.Difference, ...]) -> list[Self]:
        """Render changes."""
        return [cls.trusted(where=one.where, change=one.change, before=one.before, after=one.after) for one in changes]


class GatewayConfig(Output):
    """What holds for a project's calls: its own document over the server's file."""

    revision: int
    """Of the project's document; 0 where it has none yet."""
    updated: Time | None
    updated_by: str | None
    document: Document
    """The project's own, as it was given."""
    file: Document
    """The server's `gateway.toml`, without what headers hold and where secrets stand."""
    effective: Document
    """Both put together, with every default; empty where the document cannot be taken."""
    faults: list[ConfigFault]
    """Why what holds is not the latest document or file."""
    warnings: list[ConfigFault]
    """What holds and will not work, such as a secret that is not stored yet."""

    @classmethod
    def of(cls, shown: Shown) -> Self:
        """Render what holds."""
        latest = shown.latest
        return cls.trusted(
            revision=0 if latest is None else latest.revision,
            updated=None if latest is None else rfc3339(latest.time_ns),
            updated_by=None if latest is None else latest.actor,
            document=dict(shown.document),
            file=dict(shown.file),
            effective=dict(shown.effective),
            faults=ConfigFault.all_of(shown.faults),
            warnings=ConfigFault.all_of(shown.warnings),
        )


class ConfigInput(Input):
    """A document, and the revision that it is to follow."""

    revision: _Revision
    """The present one, as it was read; 0 where there is none. Another one is answered with 409."""
    document: Document


class ConfigTrial(Input):
    """A document that is to be looked at."""

    document: Document


class ConfigTextInput(Input):
    """A document as TOML, or as JSON."""

    text: Annotated[str, Field(max_length=1_000_000)]


class ConfigText(Output):
    """A document as TOML, as in `gateway.toml`."""

    text: str


class ConfigRead(Output):
    """The document that a text holds."""

    document: Document | None
    """Null where it holds none."""
    fault: str | None
    """Why, with line and column."""

    @classmethod
    def of(cls, text: str) -> Self:
        """Read a text."""
        try:
            return cls(document=document_text.read(text), fault=None)
        except InvalidInput as error:
            return cls(document=None, fault=str(error))


class RestoreInput(Input):
    """An earlier revision that is to hold again."""

    revision: _Revision
    """The present one, as it was read."""
    restore: _Revision
    """The one that is wanted."""


class ConfigTaken(Output):
    """A new revision, and what it changed in the project's document."""

    revision: int
    changes: list[ConfigChange]
    warnings: list[ConfigFault]

    @classmethod
    def of(cls, taken: Taken) -> Self:
        """Render the outcome."""
        return cls.trusted(
            revision=taken.revision,
            changes=ConfigChange.all_of(taken.changes),
            warnings=ConfigFault.all_of(taken.warnings),
        )


class ConfigChecked(Output):
    """What a document would come to; nothing was changed."""

    is_ok: bool
    faults: list[ConfigFault]
    warnings: list[ConfigFault]
    changes: list[ConfigChange]

    @classmethod
    def of(cls, checked: Checked) -> Self:
        """Render the outcome."""
        return cls.trusted(
            is_ok=not checked.faults,
            faults=ConfigFault.all_of(checked.faults),
            warnings=ConfigFault.all_of(checked.warnings),
            changes=ConfigChange.all_of(checked.changes),
        )


class ConfigRevision(Output):
    """One revision of the project's document."""

    revision: int
    time: Time
    actor: str
    changes: list[ConfigChange] | None
    """Null where the revision before is no longer kept."""

    @classmethod
    def of(cls, entry: Entry) -> Self:
        """Render a revision."""
        made = entry.revision
        changes = None if entry.changes is None else ConfigChange.all_of(entry.changes)
        return cls.trusted(revision=made.revision, time=rfc3339(made.time_ns), actor=made.actor, changes=changes)


class ConfigHistory(Output):
    """One page of revisions, the latest first."""

    items: list[ConfigRevision]
    cursor: str | None


class ConfigHistoryQuery(PageQuery):
    """Which revisions to list."""


class EarlierConfig(Output):
    """One revision with its document."""

    revision: int
    time: Time
    actor: str
    document: Document

    @classmethod
    def of(cls, made: stored.GatewayRevision, document: dict[str, JsonValue]) -> Self:
        """Render a revision."""
        return cls.trusted(revision=made.revision, time=rfc3339(made.time_ns), actor=made.actor, document=document)


class ConfigSchema(Output):
    """What documents may say."""

    json_schema: dict[str, JsonValue]
    """JSON Schema, draft 2020-12."""


class Secret(Output):
    """A secret of the project's connections. Its value is never shown."""

    name: str
    """`stored:NAME` in a connection means it."""
    created: Time
    created_by: str
    updated: Time
    updated_by: str
    last_used: Time | None
    """To the minute; null where no call used it yet."""

    @classmethod
    def of(cls, secret: stored.StoredSecret) -> Self:
        """Render a secret."""
        return cls.trusted(
            name=secret.name,
            created=rfc3339(secret.created_ns),
            created_by=secret.created_by,
            updated=rfc3339(secret.updated_ns),
            updated_by=secret.updated_by,
            last_used=time_or_none(secret.last_used_ns),
        )


class Secrets(Output):
    """The project's secrets, by name."""

    items: list[Secret]


class SecretInput(Input):
    """A secret's value, which nobody sees again."""

    value: SecretStr


class SecretsRotated(Output):
    """What wrapping all projects' secrets under the present master key came to."""

    key_id: str
    """The present master key's."""
    rewrapped: int
    left: int
    """Secrets whose master key is not there any more; they must be stored anew."""

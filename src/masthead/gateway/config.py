"""The gateway's configuration: of `gateway.toml`, which holds for all projects, and of a project's own document.

Both have one shape. `merging.py` says what holds for a project's calls.
"""

import ipaddress
import tomllib
from collections.abc import Collection, Iterator, Mapping
from difflib import get_close_matches
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated, Any, Final, Literal, NamedTuple, cast
from urllib.parse import urlsplit

from pydantic import (
    Field,
    PrivateAttr,
    StringConstraints,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)

from masthead.gateway.call import Connection, Identity, Target, Timeouts
from masthead.gateway.config_plugins import PluginConfig
from masthead.gateway.config_routes import (
    AccessConfig,
    BreakerConfig,
    CacheConfig,
    GuardsConfig,
    LimitConfig,
    Name,
    Part,
    RecordingConfig,
    RouteConfig,
)
from masthead.gateway.secret import SecretReader, Secrets
from masthead.gateway.upstream.addresses import is_address, is_allowed
from masthead.model.errors import SettingsError
from masthead.model.ids import DEFAULT_PROJECT, ProjectId
from masthead.providers.dialects import Dialect
from masthead.providers.google_grant import ServiceAccount, service_account
from masthead.providers.vendors import VENDORS, Auth, Vendor, base_url_of, check_amazon, known_vendor, vendor_of

HeaderName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9-]{1,64}$")]
HeaderValue = Annotated[str, StringConstraints(pattern=r"^[\x20-\x7e]{0,4096}$")]
SecretReference = Annotated[
    str, StringConstraints(pattern=r"^((env|file):[^\x00-\x1f]{1,4096}|stored:[A-Za-z0-9][A-Za-z0-9_.-]{0,63})$")
]

_LOOPBACK: Final = ("127.0.0.0/8", "::1/128")
_ALIKE: Final = 0.75
"""How like a provider's name another one must be to be taken for a slip: names of one's own are permitted."""
_SERVERS_FAULT: Final = (
    "the secret that the server's gateway.toml names is missing or cannot be used; its operator finds why in the log,"
    " or with masthead gateway check"
)
_FRAMING: Final = frozenset({
    "connection", "content-encoding", "content-length", "expect", "host", "keep-alive", "te", "trailer",
    "transfer-encoding", "upgrade",
})  # fmt: skip
"""Headers that say where a message ends or whom it is for: the client's own business."""


class Fault(NamedTuple):
    """What is wrong with a configuration, and where."""

    where: str
    """The path of the value, such as `routes.0.targets.1.connection`."""
    message: str

    def __str__(self) -> str:
        return f"{self.where}: {self.message}"


class ConfigRefused(SettingsError):
    """A configuration that cannot be taken, with all its faults."""

    def __init__(self, source: str, faults: tuple[Fault, ...]) -> None:
        super().__init__(f"{source} cannot be taken: {'; '.join(map(str, faults))}")
        self.faults = faults


class ConnectionConfig(Part):
    """How one provider is reached."""

    provider: str = "openai"
    """Whose service it is, as traces name it: `openai`, `anthropic`, `gemini`, `bedrock`, `mistral`, …"""

    base_url: str | None = None
    """Where it is, with its version: `https://api.openai.com/v1`. Unset means its provider's own address."""

    api_version: str | None = None
    """Azure's `api-version`, where its deployments are asked."""

    dialects: tuple[Dialect, ...] = ()
    """What it speaks; unset means its provider's own, and OpenAI's chat completions for any other."""

    secret: SecretReference | None = None
    """Where its key is: `env:OPENAI_API_KEY`, `file:/run/secrets/openai`, `stored:NAME`."""

    headers: dict[HeaderName, HeaderValue] = Field(default_factory=dict)
    """Sent with every request."""

    allow_networks: tuple[str, ...] = ()
    """Private ranges that its host may lie in (CIDR), or `loopback`. Others are refused."""

    reports_stream_usage: bool = True
    """Whether it understands `stream_options.include_usage`, by which streams end with their tokens."""

    models: tuple[str, ...] = ()
    """Models that it serves; empty means any that no other connection names."""

    connect_s: float = Field(default=10.0, gt=0)
    """How long connecting may take, in seconds."""

    first_byte_s: float = Field(default=600.0, gt=0)
    """How long the first byte of an answer may take, in seconds."""

    between_chunks_s: float = Field(default=120.0, gt=0)
    """How long a stream may be silent, in seconds."""

    whole_s: float = Field(default=1800.0, gt=0)
    """How long an answer may take in all, in seconds."""

    @field_validator("base_url")
    @classmethod
    def _check_url(cls, value: str | None) -> str | None:
        if value is None:
            return None
        parts = urlsplit(value)
        if (
            parts.scheme not in {"http", "https"}
            or not parts.hostname
            or parts.username
            or parts.query
            or parts.fragment
        ):
            raise ValueError("must be http(s)://host[:port][/path], without user, query or fragment")
        if not value.isascii() or any(c.isspace() or c == "\\" for c in value):
            raise ValueError("may hold no spaces, backslashes or letters beyond ASCII")
        return value.rstrip("/")

    @field_validator("headers")
    @classmethod
    def _check_headers(cls, value: dict[str, str]) -> dict[str, str]:
        for name in value:
            if name.lower() in _FRAMING:
                raise ValueError(f"{name!r} is set by the gateway itself and cannot be given")
        return value

    @field_validator("allow_networks")
    @classmethod
    def _check_networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return networks(value)


class ProjectsConfig(Part):
    """What projects may do in documents of their own."""

    allow_networks: tuple[str, ...] = ()
    """Private ranges (CIDR), or `loopback`, that their connections may name in `allow_networks`. None unless set."""

    share_accounts: bool = False
    """Whether projects may use what providers store (files, batches, responses) over this file's connections. All that
    share a connection share its account there, and see and delete each other's. The default project always may."""

    @field_validator("allow_networks")
    @classmethod
    def _check_networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return networks(value)


class GatewayConfig(Part):
    """Everything in `gateway.toml`, or in a project's document, or both put together."""

    connections: dict[Name, ConnectionConfig] = Field(default_factory=dict)
    """Providers, by a name of your choice."""

    routes: tuple[RouteConfig, ...] = ()
    """Aliases; a model that no route names goes to the connection that serves it."""

    breaker: BreakerConfig = BreakerConfig()
    """When targets are set aside."""

    limits: tuple[LimitConfig, ...] = ()
    """Rates and budgets. All that hold for a call must have room."""

    limits_uncounted: Literal["allow", "refuse"] = "allow"
    """What happens to calls while limits cannot be counted, because the Redis server is gone."""

    access: tuple[AccessConfig, ...] = ()
    """Which models keys may name; a key that no rule names may name any."""

    plugins: tuple[PluginConfig, ...] = ()
    """What is done about the content of calls and answers."""

    cache: CacheConfig = CacheConfig()
    """Answers that are given again."""

    guards: GuardsConfig = GuardsConfig()
    """Guards on runs, where their route names none."""

    recording: RecordingConfig = RecordingConfig()
    """What is kept."""

    projects: ProjectsConfig = ProjectsConfig()
    """What projects may do in documents of their own; stands in the file alone."""

    max_body_bytes: int = Field(default=64 * 1024 * 1024, ge=1024)
    """The largest request body taken."""

    max_answer_bytes: int = Field(default=64 * 1024 * 1024, ge=1024)
    """The largest answer taken from an upstream, where it is not a stream."""

    _access_above: tuple[AccessConfig, ...] = PrivateAttr(default=())
    """The file's rules, where a project's own stand in `access`: both must allow."""
    _own: frozenset[str] = PrivateAttr(default=frozenset[str]())
    """The connections of a project's own document."""

    @model_validator(mode="after")
    def _check_names(self, info: ValidationInfo) -> "GatewayConfig":
        above = cast("dict[str, frozenset[str]]", info.context or {}).get("connections", frozenset[str]())
        known = above | self.connections.keys()
        models = set[str]()
        for at, route in enumerate(self.routes):
            if route.model in models:
                raise ValueError(f"routes.{at} is the second one of the model {route.model!r}")
            models.add(route.model)
            for target in (*route.targets, *((route.shadow,) if route.shadow is not None else ())):
                _check_known(f"routes.{at} ({route.model!r})", target.connection, known)
        if self.cache.semantic is not None:
            _check_known("cache.semantic", self.cache.semantic.connection, known)
        return self

    def under(self, above: tuple[AccessConfig, ...], own: frozenset[str]) -> "GatewayConfig":
        """Return the same, under rules of access that must allow too; `own` are the project's own connections."""
        made = self.model_copy()
        made._access_above, made._own = above, own  # noqa: SLF001 - of our own kind
        return made

    def may_store(self, project: ProjectId, connection: str) -> bool:
        """Say whether a project may use what a connection's provider stores: else it would find what others stored."""
        is_own = connection in self._own or stored_name(self.connections[connection].secret) is not None
        return is_own or self.projects.share_accounts or project == DEFAULT_PROJECT

    def told(self, *, exclude_defaults: bool = False) -> dict[str, Any]:
        """Return what holds, as JSON, the rules of access above it included."""
        shown = self.model_dump(mode="json", exclude_defaults=exclude_defaults)
        above = [rule.model_dump(mode="json") for rule in self._access_above]
        return shown | {"access": [*above, *shown.get("access", ())]}

    @property
    def has_access_rules(self) -> bool:
        """Whether rules say which keys may name which models."""
        return bool(self.access or self._access_above)

    def may_use(self, identity: Identity, model: str) -> bool:
        """Say whether a caller may name a model: by its key, by the file's rules and by the project's.

        Rules that do not speak of the key allow any.
        """
        if identity.models and not any(fnmatchcase(model, pattern) for pattern in identity.models):
            return False
        if not self.access and not self._access_above:
            return True
        names = {identity.key_id, identity.name} - {None}
        for rules in (self._access_above, self.access):
            own = [rule for rule in rules if names.intersection(rule.keys)]
            if own and not any(fnmatchcase(model, pattern) for rule in own for pattern in rule.models):
                return False
        return True


def _check_known(where: str, connection: str, known: Collection[str]) -> None:
    if connection not in known:
        there_are = ", ".join(sorted(known)) or "none"
        raise ValueError(f"{where} names the connection {connection!r}; there are: {there_are}")


def load(path: Path) -> GatewayConfig:
    """Read a configuration file.

    Raises:
        SettingsError: it cannot be read, is no TOML, or holds what cannot be taken; says every fault with its place.
    """
    try:
        given = tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} cannot be read: {error}") from error
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{path} is no TOML: {error}") from error
    return parse(given, where=str(path))


def parse(given: object, *, where: str, known_connections: frozenset[str] = frozenset()) -> GatewayConfig:
    """Check a configuration that was read from `where`; routes may name `known_connections` beside its own.

    Raises:
        ConfigRefused: it cannot be taken; has every fault.
    """
    try:
        return GatewayConfig.model_validate(given, context={"connections": known_connections})
    except ValidationError as error:
        raise ConfigRefused(where, tuple(_faults(error))) from None  # it would show the values
    except RecursionError:
        raise ConfigRefused(where, (Fault("document", "it is nested too deeply"),)) from None


def _faults(error: ValidationError) -> list[Fault]:
    """Return the faults. Values are not told: one that stands in the wrong place may be a secret."""
    told = error.errors(include_url=False, include_context=False, include_input=False)
    # A list whose entries are refused is counted as empty: that is no fault of its own.
    inner = {one["loc"][:end] for one in told for end in range(len(one["loc"]))}
    found = [one for one in told if one["type"] != "too_short" or one["loc"] not in inner]
    return [
        Fault(".".join(map(str, one["loc"])) or "document", _words(one["type"], one["loc"], one["msg"]))
        for one in found
    ]


def _words(kind: str, place: tuple[int | str, ...], message: str) -> str:
    """Return what is wrong in our own words, where the library's are no help."""
    if kind == "extra_forbidden":
        alike = get_close_matches(str(place[-1]), _settings(Part), 1)
        return "there is no such setting here" + (f"; is {alike[0]!r} meant?" if alike else "")
    if kind == "missing":
        return "it is missing"
    if kind == "too_short":
        return "it is empty: give one at least"
    if kind == "union_tag_invalid":
        return "there is no such kind; choose one of " + message.rpartition("expected tags: ")[2]
    return message.removeprefix("Value error, ").replace("Input should be", "this must be", 1)


def _settings(part: type[Part]) -> set[str]:
    """Return the names of all settings of a kind of part and of those derived from it."""
    return set(part.model_fields).union(*map(_settings, part.__subclasses__()))


def networks(given: tuple[str, ...]) -> tuple[str, ...]:
    """Return ranges in one way of writing; `loopback` stands for both of them. Raise `ValueError` for others."""
    parts = [part for one in given for part in (_LOOPBACK if one == "loopback" else (one,))]
    return tuple(str(ipaddress.ip_network(one)) for one in parts)


def connection_of(name: str, config: ConnectionConfig, secrets: SecretReader) -> Connection:
    """Return the connection with its secret read.

    A secret may be missing for a while, or be none that can be used: the connection then has a fault, and calls to it
    fail. The fault is told to projects, so it does not say where the server's own secrets are; `secret_faults` does.
    """
    row = vendor_of(config.provider)
    secret, account, fault = None, None, None
    try:
        secret, account = _secret_of(config, row, secrets)
    except SettingsError as error:
        fault = str(error) if stored_name(config.secret) is not None else _SERVERS_FAULT
    return Connection(
        name=name,
        provider=row.span_name or (config.provider if row.id == "openai-compatible" else row.id),
        dialects=config.dialects or row.dialects,
        base_url=base_url_of(row, config.base_url),
        secret=secret if account is None else None,
        vendor_id=row.id,
        account=account,
        headers=tuple((key.lower().encode(), value.encode()) for key, value in config.headers.items()),
        allowed_networks=config.allow_networks,
        api_version=config.api_version,
        reports_stream_usage=config.reports_stream_usage,
        stored_secret=stored_name(config.secret),
        fault=fault,
    )


def stored_name(reference: str | None) -> str | None:
    """Return the name of the stored secret that a reference means; None where it means no such one."""
    return reference.removeprefix("stored:") if reference is not None and reference.startswith("stored:") else None


def _secret_of(
    config: ConnectionConfig, row: Vendor, secrets: SecretReader
) -> tuple[str | None, ServiceAccount | None]:
    """Return the secret, and the account that it is the key file of; raise `SettingsError` where it cannot be used."""
    secret = None if config.secret is None else secrets.read(config.secret)
    if secret is not None and row.auth is Auth.AWS:
        check_amazon(secret, base_url_of(row, config.base_url))
    if secret is None or row.id not in {"vertex", "vertex-anthropic"}:
        return secret, None
    return secret, service_account(secret)


def secret_faults(config: GatewayConfig, environment: Mapping[str, str]) -> Iterator[Fault]:
    """Yield the connections that cannot be used for want of a secret that is the server's own."""
    secrets = Secrets(environment)
    for name, connection in config.connections.items():
        if stored_name(connection.secret) is None:
            try:
                _secret_of(connection, vendor_of(connection.provider), secrets)
            except SettingsError as error:
                yield Fault(f"connections.{name}", str(error))


def address_faults(config: GatewayConfig) -> Iterator[Fault]:
    """Yield the connections that will not reach whom they should.

    Their addresses are of this machine or a private network that they do not allow, or their provider is misspelt.

    Raises:
        SettingsError: a provider's address is not known.
    """
    for name, connection in config.connections.items():
        row = vendor_of(connection.provider)
        unknown = _unknown(connection.provider)
        try:
            host = (urlsplit(base_url_of(row, connection.base_url)).hostname or "").lower()
        except SettingsError as error:
            why = f"{unknown}; one that speaks OpenAI's dialect needs a base URL" if unknown else str(error)
            raise ConfigRefused("it", (Fault(f"connections.{name}.base_url", why),)) from error
        if unknown is not None and unknown.endswith(")"):
            yield Fault(f"connections.{name}.provider", f"{unknown}; it is taken for one that speaks OpenAI's dialect")
        is_local = host == "localhost" or host.endswith(".localhost")
        address = "127.0.0.1" if is_local else host
        if is_address(address) and not is_allowed(address, connection.allow_networks):
            network = "loopback" if ipaddress.ip_address(address).is_loopback else address
            yield Fault(
                f"connections.{name}.base_url",
                f'{host} is not public, and calls to it are refused; if it is meant: allow_networks = ["{network}"]',
            )


def _unknown(provider: str) -> str | None:
    """Return that nobody knows a provider, with the one that may be meant; None where it is known."""
    if known_vendor(provider) is not None:
        return None
    alike = get_close_matches(provider.lower(), VENDORS, 1, _ALIKE)
    return f"{provider!r} is no provider that is known" + (f" (is {alike[0]!r} meant?)" if alike else "")


def timeouts_of(config: ConnectionConfig) -> Timeouts:
    """Return how long an attempt over this connection may take."""
    return Timeouts(config.connect_s, config.first_byte_s, config.between_chunks_s, config.whole_s)


def target_of(connection: Connection, config: ConnectionConfig, model: str) -> Target:
    """Return a model behind a connection."""
    return Target(connection, model, timeouts_of(config))

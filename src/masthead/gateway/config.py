"""The gateway's configuration: connections and routes, from `gateway.toml`. Read anew when the file changes."""

import ipaddress
import tomllib
from pathlib import Path
from typing import Annotated, Final, Literal
from urllib.parse import urlsplit

from pydantic import Field, StringConstraints, ValidationError, field_validator, model_validator

from masthead.gateway.call import Connection, Target, Timeouts
from masthead.gateway.config_routes import (
    AccessConfig,
    BreakerConfig,
    CacheConfig,
    GuardsConfig,
    LimitConfig,
    Name,
    Part,
    RouteConfig,
)
from masthead.gateway.secret import SecretReader
from masthead.model.errors import SettingsError
from masthead.providers.dialects import Dialect
from masthead.providers.vendors import base_url_of, known_vendor, vendor

HeaderName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9-]{1,64}$")]
HeaderValue = Annotated[str, StringConstraints(pattern=r"^[\x20-\x7e]{0,4096}$")]
SecretReference = Annotated[str, StringConstraints(pattern=r"^(env|file|stored):.+$")]

_LOOPBACK: Final = ("127.0.0.0/8", "::1/128")


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

    @field_validator("allow_networks")
    @classmethod
    def _check_networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        networks = [part for one in value for part in (_LOOPBACK if one == "loopback" else (one,))]
        return tuple(str(ipaddress.ip_network(one)) for one in networks)


class RecordingConfig(Part):
    """What is kept of each call."""

    content: Literal["full", "hashed", "off"] = "full"
    """`off` keeps names, times, tokens and costs, and drops what was said; `hashed` keeps its SHA-256 instead. What a
    project's redaction takes out is taken out at the door, as of every span."""

    max_content_bytes: int = Field(default=4 * 1024 * 1024, ge=1024)
    """What is kept of one answer, at most; more is cut and marked so."""


class GatewayConfig(Part):
    """Everything in `gateway.toml`."""

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

    cache: CacheConfig = CacheConfig()
    """Answers that are given again."""

    guards: GuardsConfig = GuardsConfig()
    """Guards on runs, where their route names none."""

    recording: RecordingConfig = RecordingConfig()
    """What is kept."""

    max_body_bytes: int = Field(default=64 * 1024 * 1024, ge=1024)
    """The largest request body taken."""

    max_answer_bytes: int = Field(default=64 * 1024 * 1024, ge=1024)
    """The largest answer taken from an upstream, where it is not a stream."""

    @model_validator(mode="after")
    def _check_names(self) -> "GatewayConfig":
        for at, route in enumerate(self.routes):
            for target in route.targets:
                if target.connection not in self.connections:
                    known = ", ".join(sorted(self.connections)) or "none"
                    raise ValueError(
                        f"routes.{at} ({route.model!r}) names the connection {target.connection!r}; there are: {known}"
                    )
        return self


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


def parse(given: object, *, where: str) -> GatewayConfig:
    """Check a configuration that was read from `where`; raise `SettingsError` with every fault."""
    try:
        return GatewayConfig.model_validate(given)
    except ValidationError as error:
        faults = [f"{'.'.join(map(str, fault['loc'])) or 'file'}: {fault['msg']}" for fault in error.errors()]
        raise SettingsError(f"{where} cannot be taken: {'; '.join(faults)}") from error


def connection_of(name: str, config: ConnectionConfig, secrets: SecretReader) -> Connection:
    """Return the connection with its secret read; raise `SettingsError` where it cannot be."""
    row = known_vendor(config.provider) or vendor("openai-compatible")
    return Connection(
        name=name,
        provider=row.span_name or (config.provider if row.id == "openai-compatible" else row.id),
        dialects=config.dialects or row.dialects,
        base_url=base_url_of(row, config.base_url),
        secret=None if config.secret is None else secrets.read(config.secret),
        headers=tuple((key.lower().encode(), value.encode()) for key, value in config.headers.items()),
        allowed_networks=config.allow_networks,
        api_version=config.api_version,
        reports_stream_usage=config.reports_stream_usage,
    )


def timeouts_of(config: ConnectionConfig) -> Timeouts:
    """Return how long an attempt over this connection may take."""
    return Timeouts(config.connect_s, config.first_byte_s, config.between_chunks_s, config.whole_s)


def target_of(connection: Connection, config: ConnectionConfig, model: str) -> Target:
    """Return a model behind a connection."""
    return Target(connection, model, timeouts_of(config))

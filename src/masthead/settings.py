"""The only reader of the environment. Every setting's name, default, unit and help stand here and nowhere else.

A setting `data_dir` is read from `MASTHEAD_DATA_DIR`, or from a `masthead.toml` beside where the command runs; the
environment wins. `docs/reference/settings.md` is generated from this class.
"""

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, TomlConfigSettingsSource

from masthead.model.errors import SettingsError


def _default_data_dir() -> Path:
    return Path.home() / ".masthead"


class Settings(BaseSettings):
    """How this installation runs. Unknown names in `masthead.toml` are an error."""

    model_config = SettingsConfigDict(
        env_prefix="MASTHEAD_", toml_file="masthead.toml", extra="forbid", frozen=True, use_attribute_docstrings=True
    )

    data_dir: Path = Field(default_factory=_default_data_dir)
    """The folder of the embedded stores and the write-ahead log. One process owns it at a time."""

    host: str = "127.0.0.1"
    """The address to listen on. Anything but loopback demands keys (`masthead key create`)."""

    port: int = Field(default=8765, ge=0, le=65535)
    """The port to listen on; 0 takes a free one and prints it."""

    path_prefix: str = ""
    """The path under which a reverse proxy serves the application, such as `/masthead`."""

    require_keys: bool = False
    """Demand an API key even on loopback."""

    clickhouse_url: SecretStr | None = None
    """A ClickHouse server for spans and scores, `clickhouse://user:password@host:8123/database`; unset means chDB."""

    database_url: SecretStr | None = None
    """A SQLAlchemy URL for control data, such as `postgresql+psycopg://…`; unset means SQLite in `data_dir`."""

    queue_bytes: int = Field(default=256 * 1024 * 1024, ge=1024 * 1024)
    """Accepted but not yet inserted bytes, at most; above it senders are told to wait (503, Retry-After)."""

    max_body_bytes: int = Field(default=64 * 1024 * 1024, ge=1024)
    """The largest request body taken, after decompression."""

    max_import_bytes: int = Field(default=2 * 1024 * 1024 * 1024, ge=1024)
    """The largest file that the API takes for import; the command line reads files of any size."""

    memory_mb: int = Field(default=512, ge=128)
    """Memory that the embedded span store may use for one query, in MiB."""

    insert_interval_ms: int = Field(default=150, ge=1)
    """How long accepted spans may wait to be inserted together, in milliseconds."""

    diagnose_after_s: float = Field(default=20.0, ge=0)
    """How long no span of a run may come until the server diagnoses it by itself, in seconds; 0 means only when asked.
    No language model is called for it."""

    record_content: Literal["full", "off"] = "full"
    """`off` drops what was said at the door and keeps names, times, tokens and costs."""

    gateway_file: Path | None = None
    """The gateway's configuration; unset means `gateway.toml` in `data_dir`. Without one no model is served."""

    gateway_client: Literal["own", "aiohttp"] = "own"
    """What asks upstreams: the lean client of its own, or aiohttp (`pip install masthead[aiohttp]`)."""

    gateway_records_to: str | None = None
    """Where `masthead gateway` hands what it records, such as `https://masthead.example`; unset means the server of
    `data_dir`."""

    gateway_records_key: SecretStr | None = None
    """The key for `gateway_records_to`, of an editor; unset where that server demands none."""

    gateway_spool_bytes: int = Field(default=1024 * 1024 * 1024, ge=1024 * 1024)
    """What `masthead gateway` keeps on disk, a worker, while the server takes nothing."""

    gateway_drain_s: int = Field(default=30, ge=0)
    """How long calls under way may go on when `masthead gateway` is told to end, in seconds."""

    secrets_key: SecretStr | None = None
    """The master key of stored secrets: 32 bytes in base64 or hexadecimal (`openssl rand -base64 32`). Several by
    commas: the first one encrypts, all decrypt."""

    secrets_key_file: Path | None = None
    """The file of the master key, where `secrets_key` is not set; unset means `secrets.key` in `data_dir`, which is
    made at its first use."""

    redis_url: SecretStr | None = None
    """A Redis or Valkey server in which gateways count what is used of limits together, `redis://host:6379/0`; unset
    means that each process counts by itself."""

    judge_url: str | None = None
    """The endpoint that judges ask, such as `https://api.openai.com/v1` or `http://127.0.0.1:11434/v1`."""

    judge_key: SecretStr | None = None
    """The endpoint's API key, where it wants one."""

    judge_dialect: Literal["openai", "anthropic"] = "openai"
    """How the endpoint is spoken to: OpenAI's chat completions or Anthropic's messages."""

    judge_model: str | None = None
    """The model that judges ask; several, by commas, are a jury: the first three, with the rest in reserve."""

    log_level: Literal["debug", "info", "warning", "error"] = "info"
    """How much the server prints."""

    @property
    def gateway_path(self) -> Path:
        """Where the gateway's configuration stands, if there is one."""
        return self.gateway_file or self.data_dir / "gateway.toml"

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the base class's signature
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Order the sources: arguments, then the environment, then `masthead.toml`."""
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls)


def load(*, data_dir: Path | None = None) -> Settings:
    """Read the settings; `data_dir` wins over the environment and the file.

    Raises:
        SettingsError: a setting is unknown or its value cannot be taken.
    """
    try:
        return Settings(data_dir=data_dir.expanduser()) if data_dir else Settings()
    except ValidationError as error:
        faults = [
            f"{'.'.join(map(str, fault['loc']))}={fault.get('input')!r}: {fault['msg']}" for fault in error.errors()
        ]
        message = f"settings (MASTHEAD_… or masthead.toml) cannot be taken: {'; '.join(faults)}"
        raise SettingsError(message) from error
    except tomllib.TOMLDecodeError as error:
        message = f"masthead.toml is no TOML: {error}"
        raise SettingsError(message) from error


def environment() -> Mapping[str, str]:
    """Return the environment, for secrets that a configuration refers to by name."""
    return os.environ

"""Reads the secrets that a configuration refers to. It holds references; the secrets themselves stand elsewhere."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final, Protocol

from masthead.model.errors import SettingsError

_MOST_BYTES: Final = 64 * 1024


class SecretReader(Protocol):
    """Turns a reference (`env:NAME`, `file:PATH`, `stored:NAME`) into the secret."""

    def read(self, reference: str) -> str:
        """Return the secret; raise `SettingsError`, which names the reference and never the secret."""
        ...


class Secrets:
    """Secrets of the environment that it is given, of files, and of a store where there is one."""

    def __init__(self, environment: Mapping[str, str], stored: Callable[[str], str | None] | None = None) -> None:
        self._environment = environment
        self._stored = stored

    def read(self, reference: str) -> str:
        """Return the secret.

        Raises:
            SettingsError: there is none under this reference, or it cannot stand in a header.
        """
        kind, _, name = reference.partition(":")
        match kind:
            case "env":
                secret = self._environment.get(name)
                remedy = f"set the environment variable {name} and restart; the environment is read at the start alone"
            case "file":
                secret = _in_file(Path(name), reference)
                remedy = f"write it into {name}, which is read again when it changes"
            case _:
                secret = self._stored(name) if self._stored is not None else None
                remedy = f"masthead secrets set {name}"
        if not secret or not secret.strip():
            raise SettingsError(f"there is no secret {reference!r}: {remedy}")
        secret = secret.strip()
        if not secret.isascii() or not secret.isprintable():
            what = "line breaks or letters beyond ASCII, which no header may hold; of JSON, keep one line"
            raise SettingsError(f"the secret {reference!r} holds {what}")
        return secret


def file_of(reference: str) -> Path | None:
    """Return the file that a reference means, None where it means none."""
    kind, _, name = reference.partition(":")
    return Path(name) if kind == "file" else None


def _in_file(path: Path, reference: str) -> str:
    try:
        with path.open("rb") as file:
            return file.read(_MOST_BYTES).decode()
    except (OSError, UnicodeDecodeError) as error:
        remedy = f"write the secret into {path}, which is read again when it changes"
        raise SettingsError(f"the secret {reference!r} cannot be read ({error}): {remedy}") from error

"""Master keys: they encrypt the keys of secrets. Read from a setting, from a file, or from a file that we make.

Several may be given, by commas, spaces or lines: the first one encrypts, all of them decrypt. So a key is changed by
putting a new one in front, wrapping everything anew (`masthead secrets rotate`), and taking the old one away.
"""

import base64
import binascii
import contextlib
import hashlib
import logging
import os
import re
import secrets
from pathlib import Path
from typing import Final

from pydantic import SecretStr

from masthead.model.errors import SettingsError

_LOG = logging.getLogger(__name__)
_BYTES: Final = 32
_MOST_KEYS: Final = 16
_HOW: Final = "make one with: openssl rand -base64 32"


class MasterKey:
    """One master key. Shows its id alone."""

    def __init__(self, key: bytes) -> None:
        self.key = key
        self.id = hashlib.sha256(b"masthead master key\0" + key).hexdigest()[:16]
        """What is written beside what it encrypted. It tells nothing of the key, which has 256 random bits."""

    def __repr__(self) -> str:
        """Show the id."""
        return f"MasterKey({self.id})"


class MasterKeys:
    """The master keys of an installation. Files are read again when they change."""

    def __init__(self, *, given: SecretStr | None, file: Path | None, own_file: Path) -> None:
        """Take a setting, else a file, else the file that we make ourselves where none is given."""
        self._given = given
        self._file = file or own_file
        self._is_own = given is None and file is None
        self._read: tuple[tuple[int, int], tuple[MasterKey, ...]] | None = None

    @property
    def is_own(self) -> bool:
        """Whether the file is the one that we make, and so may change, ourselves."""
        return self._is_own

    @property
    def source(self) -> str:
        """Where they stand, for messages."""
        return "the setting secrets_key" if self._given is not None else str(self._file)

    def all(self) -> tuple[MasterKey, ...]:
        """Return the keys, the first one being the present one; none where our own file does not exist yet.

        Raises:
            SettingsError: they cannot be read.
        """
        if self._given is not None:
            return _parsed(self._given.get_secret_value(), self.source)
        try:
            stat = self._file.stat()
            stamp = (stat.st_mtime_ns, stat.st_ino)
            if self._read is None or self._read[0] != stamp:
                self._read = (stamp, _parsed(self._file.read_text("ascii"), self.source))
                if self._is_own and stat.st_mode & 0o077:
                    _LOG.warning("%s can be read by others; take that from them: chmod 600 %s", self._file, self._file)
        except FileNotFoundError as error:
            if self._is_own:
                return ()
            raise SettingsError(f"secrets_key_file names {self._file}, which does not exist; {_HOW}") from error
        except (OSError, UnicodeDecodeError) as error:
            raise SettingsError(f"the master key in {self._file} cannot be read: {error}") from error
        return self._read[1]

    def present(self) -> MasterKey:
        """Return the key that encrypts; makes our own file at its first use.

        Raises:
            SettingsError: it cannot be read, or the file cannot be made.
        """
        found = self.all()
        if not found and self._is_own:
            self._make()
            found = self.all()
        return found[0]

    def of(self, key_id: str) -> MasterKey:
        """Return the key of an id.

        Raises:
            SettingsError: it is not among the keys; says what to do.
        """
        found = self.all()
        for one in found:
            if one.id == key_id:
                return one
        there = ", ".join(one.id for one in found) or "none"
        raise SettingsError(
            f"a secret was encrypted under the master key {key_id}; {self.source} does not hold it (it holds: {there});"
            " give that key too, from the backup, or store the secret anew: masthead secrets set NAME"
        )

    def begin_change(self) -> None:
        """Put a new key in front of our own file; where an earlier change is not finished, leave it as it is."""
        if len(self.all()) == 1:
            self._write([MasterKey(secrets.token_bytes(_BYTES)), *self.all()])

    def end_change(self) -> None:
        """Leave the present key alone in our own file."""
        if len(self.all()) > 1:
            self._write([self.present()])

    def _make(self) -> None:
        fresh = self._written([MasterKey(secrets.token_bytes(_BYTES))])
        try:
            # Another process may make it at the same time: the first one's is the one that counts.
            with contextlib.suppress(FileExistsError):
                os.link(fresh, self._file)
                _LOG.warning("made the master key of secrets, %s: back it up, apart from the database", self._file)
        except OSError as error:
            raise SettingsError(f"the master key cannot be written to {self._file}: {error}") from error
        finally:
            fresh.unlink(missing_ok=True)

    def _write(self, keys: list[MasterKey]) -> None:
        fresh = self._written(keys)
        try:
            fresh.replace(self._file)
            _sync_folder(self._file.parent)
        except OSError as error:
            raise SettingsError(f"the master key cannot be written to {self._file}: {error}") from error

    def _written(self, keys: list[MasterKey]) -> Path:
        """Write keys beside our own file, readable by its owner alone; they are on the disk when it returns."""
        fresh = self._file.with_name(f".{self._file.name}.{secrets.token_hex(8)}")
        text = "".join(base64.b64encode(one.key).decode() + "\n" for one in keys)
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise SettingsError(f"the master key cannot be written to {fresh}: {error}") from error
        return fresh


def _parsed(text: str, source: str) -> tuple[MasterKey, ...]:
    """Return the keys of a text; messages never hold any of it."""
    words = [word for word in re.split(r"[\s,]+", text) if word]
    if not words:
        raise SettingsError(f"{source} holds no master key; {_HOW}")
    if len(words) > _MOST_KEYS:
        raise SettingsError(f"{source} holds {len(words)} master keys; at most {_MOST_KEYS}")
    return tuple(MasterKey(_decoded(word, at, source)) for at, word in enumerate(words))


def _decoded(word: str, at: int, source: str) -> bytes:
    with contextlib.suppress(ValueError):
        if len(word) == _BYTES * 2:
            return bytes.fromhex(word)
    try:
        key = base64.b64decode(word.replace("-", "+").replace("_", "/") + "=" * (-len(word) % 4), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != _BYTES:
        message = f"master key {at + 1} of {source} is not {_BYTES} bytes in base64 or hexadecimal; {_HOW}"
        raise SettingsError(message) from None
    return key


def _sync_folder(folder: Path) -> None:
    number = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)

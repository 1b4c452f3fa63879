"""Files that nobody may read but the user who runs the gateway: they hold what agents said, and the ids of users."""

import contextlib
import os
from pathlib import Path
from typing import BinaryIO, Final, Literal

_FILE: Final = 0o600
_FOLDER: Final = 0o700
_FLAGS: Final = {"ab": os.O_APPEND, "wb": os.O_TRUNC}


def make_own_folder(folder: Path) -> None:
    """Make a folder that is its owner's alone; one that is there becomes so."""
    folder.mkdir(parents=True, exist_ok=True, mode=_FOLDER)
    with contextlib.suppress(OSError):  # a file system without modes, or another user's folder
        folder.chmod(_FOLDER)


def open_own_file(path: Path, mode: Literal["ab", "wb"]) -> BinaryIO:
    """Open a file to write it that is its owner's alone, whatever the umask; one that is there becomes so."""
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | _FLAGS[mode], _FILE)
    with contextlib.suppress(OSError):  # as above
        os.fchmod(fd, _FILE)
    return os.fdopen(fd, mode)

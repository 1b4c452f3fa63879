"""What stands on the disk while a store works there."""

import contextlib
import os
from pathlib import Path


def files_holding(folder: Path, *texts: bytes, ending: str = "") -> list[str]:
    """Return the files below a folder, relative to it, that hold one of the texts; with an ending, those of that name.

    Files and folders that vanish meanwhile are passed over (`Path.rglob` of Python 3.11 stops at such a folder), as are
    sockets.
    """
    found = list[str]()
    for inside, _, names in os.walk(folder):
        for path in (Path(inside, name) for name in names if name.endswith(ending)):
            with contextlib.suppress(FileNotFoundError):
                content = path.read_bytes() if path.is_file() else b""
                found += [str(path.relative_to(folder))] if any(text in content for text in texts) else []
    return found

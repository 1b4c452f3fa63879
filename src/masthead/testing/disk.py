"""What stands on the disk while a store works there."""

import contextlib
import os
from pathlib import Path


def files_holding(folder: Path, *texts: bytes) -> list[str]:
    """Return the files below a folder, relative to it, that hold one of the texts.

    Files and folders that vanish meanwhile are passed over; `Path.rglob` of Python 3.11 stops at such a folder.
    """
    found = list[str]()
    for inside, _, names in os.walk(folder):
        for path in (Path(inside, name) for name in names):
            with contextlib.suppress(FileNotFoundError):
                content = path.read_bytes()
                found += [str(path.relative_to(folder))] if any(text in content for text in texts) else []
    return found

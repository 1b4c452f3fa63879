"""One process owns a folder: a lock that dies with its process, and names it to the second."""

import contextlib
import fcntl
import os
from pathlib import Path

from masthead.model.errors import StoreBusy, StoreFull


class FolderLock:
    """Held from construction to `release`, or to the end of the process."""

    def __init__(self, folder: Path) -> None:
        """Create the folder where it is missing, and take it.

        Raises:
            StoreBusy: another process has it.
            StoreFull: the folder cannot be written.
        """
        file = folder / "lock"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._fd = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise StoreFull(
                f"the store's folder {str(folder)!r} cannot be written ({error.strerror}): make it writable, "
                "or point MASTHEAD_DATA_DIR elsewhere"
            ) from error
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            owner = os.read(self._fd, 32).decode("ascii", "replace").strip() or "unknown"
            os.close(self._fd)
            raise StoreBusy(
                f"the store's folder {str(folder)!r} belongs to the running process {owner}: "
                "use that server, stop it first, or point MASTHEAD_DATA_DIR at another folder"
            ) from None
        os.ftruncate(self._fd, 0)
        os.pwrite(self._fd, str(os.getpid()).encode(), 0)

    def release(self) -> None:
        """Give the folder back; a second call does nothing."""
        fd, self._fd = self._fd, -1
        if fd >= 0:
            with contextlib.suppress(OSError):
                os.close(fd)

"""The C library's allocator, told to give large freed blocks back to the system."""

import ctypes
from typing import Final

_MMAP_THRESHOLD: Final = -3
"""`M_MMAP_THRESHOLD` of glibc's `mallopt`."""
_LARGE_BYTES: Final = 256 * 1024


def return_large_blocks() -> None:
    """Have blocks of 256 KiB and more returned as soon as they are freed; without glibc, do nothing.

    Left alone, glibc raises that bound to the largest block it has seen, up to 32 MiB, and keeps what is smaller:
    bodies and batches of a megabyte each then stay with the process (200 MB more under ingest, measured).
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_MMAP_THRESHOLD, _LARGE_BYTES)

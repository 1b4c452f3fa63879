"""The process's memory: freed blocks go back to the system, and the collector of cycles runs when it is worth it."""

import ctypes
import gc
from typing import Final

_MMAP_THRESHOLD: Final = -3
"""`M_MMAP_THRESHOLD` of glibc's `mallopt`."""
_TRIM_THRESHOLD: Final = -1
"""`M_TRIM_THRESHOLD`: what may be free at the end of the heap before it is given back."""
_ARENA_MAX: Final = -8
"""`M_ARENA_MAX` of glibc's `mallopt`."""
_LARGE_BYTES: Final = 256 * 1024
_BODY_BYTES: Final = 4 * 1024 * 1024
_YOUNG_OBJECTS: Final = 50_000
_YOUNG_COLLECTIONS: Final = 20
_STEP_OBJECTS: Final = 5_000
_STEPS: Final = 2
_ALL_STEPS: Final = 6_000
"""All objects are looked through when nearly a hundred million more came than went."""


def return_large_blocks() -> None:
    """Have blocks of 256 KiB and more returned as soon as they are freed; without glibc, do nothing.

    Left alone, glibc raises that bound to the largest block it has seen, up to 32 MiB, and keeps what is smaller:
    bodies and batches of a megabyte each then stay with the process (200 MB more under ingest, measured).
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_MMAP_THRESHOLD, _LARGE_BYTES)


def reuse_blocks_of_a_body() -> None:
    """Keep freed blocks of up to 4 MiB for the next one, 16 MiB of them; without glibc, do nothing.

    A call of a megabyte needs a dozen of them, one after the other: half of what it cost the gateway was the system's
    clearing of their memory (12 ms of CPU against 6, measured, at the same resident memory).
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_MMAP_THRESHOLD, _BODY_BYTES)
        mallopt(_TRIM_THRESHOLD, 4 * _BODY_BYTES)


def give_back() -> None:
    """Return what is free to the system, after much was read and thrown away; without glibc, do nothing."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)


def share_one_arena() -> None:
    """Have all threads allocate from one arena; without glibc, do nothing. Call it before threads start.

    Left alone, every thread gets one of its own and keeps what it ever used: 246 MB instead of 116 after a minute of
    calls of 100 kB (measured). Python's threads take turns anyway.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_ARENA_MAX, 1)


def collect_rarely() -> None:
    """Look for cycles after 50,000 new objects rather than 700, and never among those of the start. Call it once.

    A batch is many thousand tuples and dictionaries that hold no cycle, and are gone a moment later: looking through
    them took 5 µs a span (measured).
    """
    gc.freeze()
    gc.set_threshold(_YOUNG_OBJECTS, _YOUNG_COLLECTIONS, _YOUNG_COLLECTIONS)


def collect_in_short_steps() -> None:
    """Look for cycles in steps of some milliseconds, and among all objects hardly ever. Call it once.

    Ten thousand open streams are three million objects: looking through them stopped the loop for 0.66 s (measured); so
    did, for 45 to 80 ms, the hundred thousand of every tenth step while a thousand streams a second open. A step is
    5,000 objects and some 2 ms now, and every third one looks through those of the two before again.
    The gateway leaves no cycles behind, which its soak and a test of it watch.
    """
    gc.freeze()
    gc.set_threshold(_STEP_OBJECTS, _STEPS, _ALL_STEPS)

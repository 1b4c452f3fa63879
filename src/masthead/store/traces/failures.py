"""What ClickHouse's errors mean to us. Codes: https://github.com/ClickHouse/ClickHouse (`system.errors`)."""

import re

from masthead.model.errors import StoreBusy, StoreDamaged, StoreError, StoreFull

_CODE = re.compile(r"Code: (\d+)")
_FULL = re.compile(
    r"No space left on device|Read-only file system|Permission denied|File too large|quota exceeded|NOT_ENOUGH_SPACE"
)
_DAMAGED = frozenset({"23", "32", "33", "40", "107", "226", "228", "246", "271", "432"})
"""In order: CANNOT_READ_FROM_ISTREAM, ATTEMPT_TO_READ_AFTER_EOF, CANNOT_READ_ALL_DATA, CHECKSUM_DOESNT_MATCH,
FILE_DOESNT_EXIST, NO_FILE_IN_DATA_PART, BAD_SIZE_OF_FILE_IN_DATA_PART, CORRUPTED_DATA, CANNOT_DECOMPRESS,
UNKNOWN_CODEC."""


def store_error(message: str, *, where: str) -> StoreError:
    """Return the error of our tree that a message of ClickHouse stands for; `where` names the folder or server."""
    found = _CODE.search(message)
    code = found[1] if found else None
    text = message.split("\n", 1)[0][:500]
    if "already initialized with path" in message:
        return StoreBusy(
            f"the span store in {where} cannot be opened beside another one of this process: close that first"
        )
    if _FULL.search(message):
        return StoreFull(f"the span store in {where} cannot write: free some space or make it writable ({text})")
    if code in _DAMAGED:
        return StoreDamaged(f"the span store in {where} is damaged: restore it from a backup ({text})")
    return StoreError(f"the span store in {where} refused: {text}")

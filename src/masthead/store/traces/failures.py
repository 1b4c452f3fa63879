"""What ClickHouse's errors mean to us. Codes: https://github.com/ClickHouse/ClickHouse (`system.errors`)."""

import re

from masthead.model.errors import StoreBusy, StoreDamaged, StoreError, StoreFull, StoreRefused

_CODE = re.compile(r"Code: (\d+)")
_FULL = re.compile(
    r"No space left on device|Read-only file system|Permission denied|File too large|quota exceeded|NOT_ENOUGH_SPACE"
)
_DAMAGED = frozenset({"23", "32", "33", "40", "107", "226", "228", "246", "271", "432"})
"""In order: CANNOT_READ_FROM_ISTREAM, ATTEMPT_TO_READ_AFTER_EOF, CANNOT_READ_ALL_DATA, CHECKSUM_DOESNT_MATCH,
FILE_DOESNT_EXIST, NO_FILE_IN_DATA_PART, BAD_SIZE_OF_FILE_IN_DATA_PART, CORRUPTED_DATA, CANNOT_DECOMPRESS,
UNKNOWN_CODEC."""
_UNAVAILABLE = frozenset(
    {"60", "81", "159", "160", "164", "192", "194", "198", "202", "203", "209", "210", "236", "242", "243", "252"}
    | {"279", "285", "319", "394", "425", "473", "497", "499", "516", "745", "999", "1000", "1001"}
)
"""In order: UNKNOWN_TABLE, UNKNOWN_DATABASE, TIMEOUT_EXCEEDED, TOO_SLOW, READONLY, UNKNOWN_USER, REQUIRED_PASSWORD,
DNS_ERROR, TOO_MANY_SIMULTANEOUS_QUERIES, NO_FREE_CONNECTION, SOCKET_TIMEOUT, NETWORK_ERROR, ABORTED,
TABLE_IS_READ_ONLY, NOT_ENOUGH_SPACE, TOO_MANY_PARTS, ALL_CONNECTION_TRIES_FAILED, TOO_FEW_LIVE_REPLICAS,
UNKNOWN_STATUS_OF_INSERT, QUERY_WAS_CANCELLED, SYSTEM_ERROR, DEADLOCK_AVOIDED, ACCESS_DENIED, S3_ERROR,
AUTHENTICATION_FAILED, SERVER_OVERLOADED, KEEPER_EXCEPTION, POCO_EXCEPTION, STD_EXCEPTION: the store is away, busy or
locked, whatever it is given."""


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
    if code is None or code in _UNAVAILABLE:
        return StoreError(f"the span store in {where} cannot be used now: {text}")
    return StoreRefused(f"the span store in {where} refused: {text}")

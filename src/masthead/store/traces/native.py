"""Columns in ClickHouse's Native format: the cheapest form to build from Python lists, and the same for both targets.

Format: https://clickhouse.com/docs/en/interfaces/formats/Native (a block: number of columns, number of rows, then each
column's name, type and values; strings are length-prefixed, nullable columns carry a byte map of nulls first).
"""

from array import array
from collections.abc import Iterable, Sequence, Sized
from decimal import Decimal

_COST_SCALE = 12
"""Decimal places of money, as in `Decimal(38, 12)`."""


def _varint(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:
        out.append((number & 0x7F) | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


_LENGTHS = tuple(_varint(length) for length in range(4096))


class _Words(dict[str, bytes]):
    """Length-prefixed UTF-8 of strings that repeat."""

    def __missing__(self, word: str) -> bytes:
        encoded = self[word] = prefixed(word.encode("utf-8", "surrogatepass"))
        return encoded


def prefixed(value: bytes) -> bytes:
    """Return the value with its length before it."""
    length = len(value)
    return (_LENGTHS[length] if length < len(_LENGTHS) else _varint(length)) + value


def fixed(values: Iterable[bytes]) -> bytes:
    """Encode `FixedString(n)`; every value must be n bytes long."""
    return b"".join(values)


def blobs(values: Iterable[bytes]) -> list[bytes]:
    """Encode `String` from bytes that rarely repeat, in pieces, so that megabytes are not copied once more."""
    parts: list[bytes] = []
    add = parts.append
    for value in values:
        length = len(value)
        add(_LENGTHS[length] if length < len(_LENGTHS) else _varint(length))
        add(value)
    return parts


def words(values: Iterable[str | None]) -> bytes:
    """Encode `String` from text that often repeats; None becomes ''."""
    known = _Words()
    return b"".join([known[value or ""] for value in values])


def int64s(values: Iterable[int]) -> bytes:
    """Encode `Int64`."""
    return array("q", values).tobytes()


def uint32s(values: Iterable[int]) -> bytes:
    """Encode `UInt32`."""
    return array("I", values).tobytes()


def uint8s(values: Iterable[int]) -> bytes:
    """Encode `UInt8`."""
    return bytes(values)


def nullable_int64s(values: Sequence[int | None]) -> bytes:
    """Encode `Nullable(Int64)`."""
    return _nulls(values) + int64s([value or 0 for value in values])


def nullable_float64s(values: Sequence[float | None]) -> bytes:
    """Encode `Nullable(Float64)`."""
    return _nulls(values) + array("d", [value or 0.0 for value in values]).tobytes()


def nullable_bools(values: Sequence[bool | None]) -> bytes:
    """Encode `Nullable(Bool)`."""
    return _nulls(values) + bytes([bool(value) for value in values])


def nullable_words(values: Sequence[str | None]) -> bytes:
    """Encode `Nullable(String)`."""
    return _nulls(values) + words(values)


def _nulls(values: Sequence[object]) -> bytes:
    return bytes([value is None for value in values])


def units(value: Decimal) -> int:
    """Return money as ClickHouse's `Decimal(38, 12)` holds it: whole units of 10⁻¹², rounded."""
    return round(value.scaleb(_COST_SCALE))


def nullable_costs(values: Sequence[Decimal | None]) -> bytes:
    """Encode `Nullable(Decimal(38, 12))`; digits beyond the twelfth are rounded."""
    return nullable_units([None if value is None else units(value) for value in values])


def nullable_units(values: Sequence[int | None]) -> bytes:
    """Encode `Nullable(Decimal(38, 12))` from units of 10⁻¹²."""
    zero = bytes(16)
    return _nulls(values) + b"".join(
        [zero if value is None else value.to_bytes(16, "little", signed=True) for value in values]
    )


def word_lists(values: Sequence[Sequence[str]]) -> bytes:
    """Encode `Array(String)`."""
    return ends(values) + words([item for items in values for item in items])


def int64_lists(values: Sequence[Sequence[int]]) -> bytes:
    """Encode `Array(Int64)`."""
    return ends(values) + int64s([item for items in values for item in items])


def word_maps(values: Sequence[dict[str, str]]) -> bytes:
    """Encode `Map(String, String)`."""
    return (
        ends(values)
        + words([key for items in values for key in items])
        + words([value for items in values for value in items.values()])
    )


def ends(values: Iterable[Sized]) -> bytes:
    """Encode where each list of an array column ends."""
    total = 0
    places = array("Q")
    for items in values:
        total += len(items)
        places.append(total)
    return places.tobytes()


def pieces(rows: int, columns: Iterable[tuple[str, str, bytes | Sequence[bytes]]]) -> list[bytes]:
    """Return one block of `rows` rows from columns, each (name, type, values), in pieces that need not be joined."""
    found = [b""]
    for count, (name, type_name, values) in enumerate(columns, start=1):
        found[0] = _varint(count) + _varint(rows)
        found += (prefixed(name.encode()), prefixed(type_name.encode()))
        if isinstance(values, bytes):
            found.append(values)
        else:
            found += values
    return found


def block(rows: int, columns: Sequence[tuple[str, str, bytes]]) -> bytes:
    """Join encoded columns, each (name, type, values), into one block of `rows` rows."""
    return b"".join(pieces(rows, columns))

"""Whether the server is well, and how much it holds."""

from masthead.api.schema.base import Output
from masthead.ingest import door
from masthead.store.traces import port


class Health(Output):
    """Whether the process answers."""

    status: str
    version: str


class Readiness(Output):
    """Whether it can take and show runs; each part says `ok`, or what is wrong."""

    is_ready: bool
    parts: dict[str, str]


class Door(Output):
    """What came in since the start."""

    accepted_spans: int
    inserted_spans: int
    rejected_spans: dict[str, int]
    """By reason."""
    redacted: dict[str, int]
    """By kind."""
    repeated_bodies: int
    """Bodies that were accepted already and came again."""
    refused_bodies: int
    """Bodies turned away because the queue was full or the disk would not take them."""
    set_aside_bodies: int
    """Accepted bodies that the store cannot hold; they lie in `wal/set_aside`."""
    queue_bytes: int
    wal_bytes: int
    is_store_down: bool
    last_error: str | None
    lost: list[str]
    """What of the write-ahead log could not be read at the start."""

    @classmethod
    def of(cls, counters: door.DoorCounters) -> "Door":
        """Render the counters."""
        return cls.trusted(
            accepted_spans=counters.accepted_spans,
            inserted_spans=counters.inserted_spans,
            rejected_spans=dict(counters.rejected_spans),
            redacted=dict(counters.redacted),
            repeated_bodies=counters.repeated_bodies,
            refused_bodies=counters.refused_bodies,
            set_aside_bodies=counters.set_aside_bodies,
            queue_bytes=counters.queue_bytes,
            wal_bytes=counters.wal_bytes,
            is_store_down=counters.is_store_down,
            last_error=counters.last_error,
            lost=list(counters.lost),
        )


class Table(Output):
    """A table of the span store."""

    table: str
    rows: int
    disk_bytes: int
    raw_bytes: int
    parts: int

    @classmethod
    def of(cls, size: port.TableSize) -> "Table":
        """Render a table's size."""
        return cls.trusted(
            table=size.table,
            rows=size.rows,
            disk_bytes=size.disk_bytes,
            raw_bytes=size.raw_bytes,
            parts=size.parts,
        )


class Status(Output):
    """The server's versions and sizes."""

    version: str
    span_store: str
    """Such as `chdb 26.5.0`."""
    control: str
    """Such as `sqlite 3.46.1`."""
    door: Door
    tables: list[Table]

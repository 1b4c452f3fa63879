from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import pytest

from masthead.clock import SystemClock
from masthead.ingest.door import Door
from masthead.model.ids import ProjectId
from masthead.model.tenancy import Redaction
from masthead.testing.memory_rows import MemoryRows

OpenDoor = Callable[..., Door]


@pytest.fixture
def rows() -> MemoryRows:
    return MemoryRows()


@pytest.fixture
def open_door(tmp_path: Path, rows: MemoryRows) -> Generator[OpenDoor]:
    opened: list[Door] = []

    def open_one(*, redaction: Redaction = Redaction(), **changed: Any) -> Door:  # noqa: B008 - frozen
        def redaction_of(_: ProjectId) -> Redaction:
            return redaction

        options: dict[str, Any] = {
            "folder": tmp_path / "wal",
            "append": rows,
            "redaction_of": redaction_of,
            "clock": SystemClock(),
            "queue_bytes": 64 * 1024 * 1024,
            "max_body_bytes": 4 * 1024 * 1024,
            "insert_interval_ms": 5,
        }
        door = Door(**(options | changed))
        opened.append(door)
        return door

    yield open_one
    rows.gate.set()
    rows.failure = None
    for door in opened:
        if not door.is_closed:
            door.close(timeout_s=2)

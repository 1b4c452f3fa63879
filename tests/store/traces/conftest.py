"""One store a module, for each target: chDB in this process, and a server spoken to over HTTP.

chDB takes one folder a process at a time, so the targets come one after the other, and tests share a store: each takes
a project of its own.
"""

import itertools
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from masthead.model.ids import ProjectId
from masthead.store.traces.append import Appender, SpanRow
from masthead.store.traces.open import open_store
from masthead.store.traces.store import TraceStore
from masthead.testing.clickhouse_front import ClickHouseFront
from masthead.testing.span_rows import EPOCH_NS

_NUMBERS = itertools.count(1)


@pytest.fixture(scope="module", params=["chdb", "server"])
def store(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TraceStore]:
    folder: Path = tmp_path_factory.mktemp("store")
    front = ClickHouseFront(folder / "served") if request.param == "server" else None
    opened = open_store(data_dir=folder, clickhouse_url=front.url if front else None)
    yield opened
    opened.close()
    if front:
        front.close()


@pytest.fixture(scope="module")
def appender(store: TraceStore) -> Appender:
    return Appender(store.engine)


@pytest.fixture
def project() -> ProjectId:
    return ProjectId(f"project-{next(_NUMBERS)}")


@pytest.fixture
def other() -> ProjectId:
    return ProjectId(f"other-{next(_NUMBERS)}")


@pytest.fixture
def append(appender: Appender) -> Callable[[Sequence[SpanRow]], None]:
    """Append rows under a token that was not used before."""

    def call(rows: Sequence[SpanRow]) -> None:
        appender.append(rows, token=f"token {next(_NUMBERS)}", received_ns=EPOCH_NS + next(_NUMBERS))

    return call

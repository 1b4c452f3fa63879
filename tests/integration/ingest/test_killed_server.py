"""kill -9 while spans stream in; the benchmark does the same twenty times (benchmarks/kill.py)."""

import random
import time
from pathlib import Path

import pytest

from masthead.store.traces.engine import fetch
from masthead.store.traces.open import open_store
from masthead.testing.memory_rows import otlp_body
from masthead.testing.server_process import Senders, ServerProcess

pytestmark = pytest.mark.integration

BODIES = 800
SPANS = 4


def test_killed_at_random_moments_no_acknowledged_span_is_lost_or_stored_twice(tmp_path: Path):
    rng = random.Random(20261122)
    bodies = [otlp_body(range(1, SPANS + 1), text=rng.randbytes(500).hex(), trace=place + 1) for place in range(BODIES)]
    senders = Senders(bodies, threads=4)
    with (tmp_path / "server.log").open("w") as log:
        for _ in range(2):
            server = ServerProcess(tmp_path / "data", log)
            senders.address = server.address
            time.sleep(rng.uniform(0.2, 0.8))
            senders.address = None
            server.kill()
        acknowledged_before = len(senders.acknowledged)
        server = ServerProcess(tmp_path / "data", log)
        senders.address = server.address
        for _ in range(600):
            if senders.is_done:
                break
            time.sleep(0.1)
        server.stop()
    assert senders.is_done
    assert acknowledged_before > 0

    store = open_store(data_dir=tmp_path / "data")
    query = "SELECT count(), uniqExact(run_id, span_id), uniqExact(run_id) FROM spans"
    ((rows, distinct, runs),) = fetch(store.engine, tuple[int, int, int], query, {})
    store.close()
    assert (runs, distinct) == (BODIES, BODIES * SPANS)
    assert rows == distinct

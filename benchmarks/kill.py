"""Kill the server twenty times while spans stream in; count what was acknowledged and is lost, or is there twice.

    python benchmarks/kill.py --kills 20

Senders repeat what was not acknowledged, unchanged, as SDKs do.
"""

import argparse
import random
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from masthead.store.traces.engine import fetch
from masthead.store.traces.open import open_store
from masthead.testing.memory_rows import otlp_body
from masthead.testing.server_process import Senders, ServerProcess

SPANS_A_BODY = 20


def main() -> None:
    """Kill, count and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    rng = random.Random(options.seed)
    is_over = False

    def made() -> Iterator[bytes]:
        place = 0
        while not is_over:
            place += 1
            yield otlp_body(range(1, SPANS_A_BODY + 1), text=rng.randbytes(1000).hex(), trace=place)

    with tempfile.TemporaryDirectory() as name, (Path(name) / "log").open("w") as log:
        folder = Path(name) / "data"
        senders = Senders(made(), threads=6)
        at_kills: list[int] = []
        for _ in range(options.kills):
            server = ServerProcess(folder, log)
            senders.address = server.address
            time.sleep(rng.uniform(0.1, 2.0))
            server.kill()
            senders.address = None
            at_kills.append(len(senders.acknowledged))
        server = ServerProcess(folder, log)
        senders.address = server.address
        time.sleep(1)
        is_over = True
        while not senders.is_done:
            time.sleep(0.1)
        server.stop()
        store = open_store(data_dir=folder)
        query = "SELECT lower(hex(run_id)), count(), uniqExact(span_id) FROM spans GROUP BY run_id"
        stored = {run: (rows, spans) for run, rows, spans in fetch(store.engine, tuple[str, int, int], query, {})}
        store.close()
    acknowledged = {f"{place + 1:032x}" for place in senders.acknowledged}
    lost = sum(SPANS_A_BODY - stored.get(run, (0, 0))[1] for run in acknowledged)
    doubled = sum(rows - spans for rows, spans in stored.values())
    print(f"{options.kills} kills; acknowledged at each: {at_kills}; bodies sent again {senders.repeated} times")
    print(f"{len(acknowledged) * SPANS_A_BODY} spans acknowledged, {lost} lost, {doubled} stored twice")
    if lost or doubled:
        raise SystemExit(1)


if __name__ == "__main__":
    main()

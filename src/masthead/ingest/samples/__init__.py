"""The sample runs that ship with Masthead: real teams driven by a real local model, recorded as OTLP JSON.

`scripts/record_samples.py` recorded them; nothing was edited. One file a team, one line a run.
"""

from collections.abc import Iterator
from importlib import resources

from masthead.ingest.door import Door
from masthead.model.ids import DEFAULT_PROJECT
from masthead.store.wal_record import Kind

SAMPLE_TAG = "sample"


def sample_bodies() -> Iterator[bytes]:
    """Yield each run as the body of an OTLP request, JSON."""
    for file in sorted(resources.files(__name__).iterdir(), key=lambda file: file.name):
        if file.name.endswith(".json"):
            yield from file.read_bytes().splitlines()


def add_samples(door: Door) -> None:
    """Put the sample runs into the default project; once they are on disk, return."""
    futures = [door.receive(DEFAULT_PROJECT, body, Kind.JSON) for body in sample_bodies()]
    for future in futures:
        future.result()

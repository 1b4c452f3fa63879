"""The sample runs that ship with Masthead: real teams driven by a real local model, recorded as OTLP JSON.

`scripts/record_samples.py` recorded them; nothing was edited. One file a team, one line a run.
"""

from collections.abc import Iterator
from importlib import resources

SAMPLE_TAG = "sample"


def sample_bodies() -> Iterator[bytes]:
    """Yield each run as the body of an OTLP request, JSON."""
    for file in sorted(resources.files(__name__).iterdir(), key=lambda file: file.name):
        if file.name.endswith(".json"):
            yield from file.read_bytes().splitlines()

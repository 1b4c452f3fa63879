import threading
from pathlib import Path

import pytest

from masthead.store.named_thread import named_thread

pytestmark = pytest.mark.unit


def test_the_system_shows_the_first_fifteen_characters_of_a_threads_name():
    shown: list[str] = []

    def run() -> None:
        file = Path(f"/proc/self/task/{threading.get_native_id()}/comm")
        shown.append(file.read_text(encoding="utf-8").strip() if file.exists() else "masthead-upkeep")

    thread = named_thread("masthead-upkeep-of-words", run)
    thread.start()
    thread.join()
    assert shown == ["masthead-upkeep"]
    assert thread.name == "masthead-upkeep-of-words"

"""Words that were collected keep a search from reading what cannot match, and never from finding what does."""

import json
import random
import string
from collections.abc import Iterator, Sequence

import pytest

from masthead.model.ids import ProjectId
from masthead.model.run import RunFilter
from masthead.store.traces.append import Appender, SpanRow
from masthead.store.traces.bind import Params
from masthead.store.traces.engine import fetch
from masthead.store.traces.store import TraceStore
from masthead.store.traces.words import Batches, Words
from masthead.testing.span_rows import EPOCH_NS, run_id, span_row

pytestmark = pytest.mark.store

_GROUP = 2_048
_COVERED = """
SELECT sum(spans), countIf(words = '') FROM words FINAL WHERE project_id = {project:String}
"""


@pytest.fixture
def words(store: TraceStore) -> Words:
    return Words(store.engine)


@pytest.fixture
def noting(store: TraceStore, words: Words) -> Appender:
    return Appender(store.engine, words)


@pytest.fixture(autouse=True)
def no_leftovers(store: TraceStore, project: ProjectId) -> Iterator[None]:
    yield
    store.delete_project(project)


def _rows(project: ProjectId, texts: Sequence[str], *, first: int = 0) -> list[SpanRow]:
    return [
        span_row(project, run=1 + number // 50, span=number + 1, at_s=number * 10,
                 attributes=json.dumps({"text": text}, ensure_ascii=number % 2 == 0).encode())
        for number, text in enumerate(texts, start=first)
    ]  # fmt: skip


def _covered(store: TraceStore, project: ProjectId) -> tuple[int, int]:
    return fetch(store.engine, tuple[int, int], _COVERED, {"project": project})[0]


def _collect(words: Words) -> None:
    while words.collect():
        pass


def _found(store: TraceStore, project: ProjectId, text: str) -> set[int]:
    return {int(hit.span_id, 16) for hit in store.search(project, text, limit=10_000).items}


SAID = 'The "Quick" brown_fox\njumps 100% over C:\\dogs in KÖLN,東京 and 😀'
NEEDLES = (
    "brown_fox", "BROWN_F", "rown", "100%", '"quick"', "fox\njumps", "c:\\dogs", "köln", "in KÖLN,東京", "東", "😀",
    "jump", "k", "and 😀", "ns", "!!", "ÖLN,", "KÖ", "%", "\n", "Ö", "\x7f", "K", "nowhere", "zzz quick", "fox jumps",
)  # fmt: skip


def test_a_search_over_words_finds_what_one_without_them_finds(
    store: TraceStore, noting: Appender, words: Words, project: ProjectId
) -> None:
    rng = random.Random(5)
    filler = ["".join(rng.choices(string.ascii_lowercase, k=6)) for _ in range(40)]
    texts = [" ".join(rng.choices(filler, k=4)) for _ in range(3 * _GROUP)]
    for place in (7, 3_000, 6_100):
        texts[place] = texts[place + 1] = SAID
    noting.append(_rows(project, texts), token=f"{project} 1", received_ns=EPOCH_NS)
    before = {needle: _found(store, project, needle) for needle in NEEDLES}
    assert before["brown_fox"] == {8, 9, 3_001, 3_002, 6_101, 6_102}
    assert before["KÖ"] and before["\n"] and not before["nowhere"]
    _collect(words)
    assert _covered(store, project) == (3 * _GROUP, 0)
    assert {needle: _found(store, project, needle) for needle in NEEDLES} == before
    noting.append(_rows(project, [SAID], first=9_000), token=f"{project} 2", received_ns=EPOCH_NS)
    assert _found(store, project, "brown_fox") == {*before["brown_fox"], 9_001}
    runs = store.runs(project, RunFilter(text="brown_fox"), limit=9).items
    assert {run.run_id for run in runs} == {run_id(1 + number // 50) for number in (7, 3_000, 6_100, 9_000)}


def test_what_cannot_match_is_not_read(
    store: TraceStore, noting: Appender, words: Words, project: ProjectId, monkeypatch: pytest.MonkeyPatch
) -> None:
    noting.append(_rows(project, ["common words"] * (2 * _GROUP)), token=project, received_ns=EPOCH_NS)
    _collect(words)
    ask, read = store.engine.query, list[int]()

    def query(sql: str, params: Params, *, output: str = "JSONCompactEachRow") -> bytes:
        if "PREWHERE" in sql:
            cheap = sql.partition("PREWHERE")[2].partition("\nWHERE (")[0]
            read.append(int(ask(f"SELECT count() FROM spans PREWHERE {cheap}", params).strip(b"[]\n")))
        return ask(sql, params, output=output)

    monkeypatch.setattr(store.engine, "query", query)
    assert _found(store, project, "uncommon") == set()
    assert sum(read) == 0
    assert len(_found(store, project, "common")) == 2 * _GROUP
    assert sum(read) == 2 * _GROUP


def test_too_little_for_a_group_waits_for_more_and_is_searched_meanwhile(
    store: TraceStore, noting: Appender, words: Words, project: ProjectId
) -> None:
    for number in range(4):
        rows = _rows(project, [f"part {number}"] * 600, first=number * 600)
        noting.append(rows, token=f"{project} {number}", received_ns=EPOCH_NS)
        _collect(words)
        assert _covered(store, project)[0] == (0 if number < 3 else 2_400)
        assert len(_found(store, project, f"part {number}")) == 600


def test_words_that_are_most_of_the_text_are_not_kept(
    store: TraceStore, noting: Appender, words: Words, project: ProjectId
) -> None:
    rng = random.Random(1)
    texts = ["".join(rng.choices(string.ascii_letters, k=80)) for _ in range(_GROUP)]
    noting.append(_rows(project, texts), token=project, received_ns=EPOCH_NS)
    _collect(words)
    assert _covered(store, project) == (_GROUP, 1)
    assert _found(store, project, texts[77][20:60]) == {78}


def test_erased_words_go_and_the_others_are_collected_again(
    store: TraceStore, noting: Appender, words: Words, project: ProjectId
) -> None:
    texts = ["unmistakable" if number < 50 else "ordinary" for number in range(2 * _GROUP)]
    noting.append(_rows(project, texts), token=project, received_ns=EPOCH_NS)
    _collect(words)
    store.delete_runs(project, [run_id(1)])
    assert _covered(store, project)[0] == _GROUP
    assert len(_found(store, project, "ordinary")) == 2 * _GROUP - 50
    noting.append(_rows(project, ["more"] * 50, first=8_000), token=f"{project} 2", received_ns=EPOCH_NS)
    _collect(words)
    assert _covered(store, project)[0] == 2 * _GROUP
    kept = "SELECT count() FROM words WHERE project_id = {project:String} AND position(words, 'unmistakable') > 0"
    assert fetch(store.engine, tuple[int], kept, {"project": project}) == [(0,)]


def test_what_another_process_stored_is_collected_too(store: TraceStore, project: ProjectId) -> None:
    Appender(store.engine).append(_rows(project, ["a"] * _GROUP), token=project, received_ns=EPOCH_NS)
    _collect(Words(store.engine))
    assert _covered(store, project)[0] == _GROUP


def test_no_two_batches_share_a_time_though_the_clock_stands_still_or_goes_back() -> None:
    batches = Batches()
    dealt = [*batches.deal(10**18, 5_000), *batches.deal(10**18, 3), *batches.deal(10**18 - 5, 1)]
    assert dealt[:2_048] == [10**18] * 2_048
    assert dealt[4_999:] == [10**18 + 2, *[10**18 + 3] * 3, 10**18 + 4]
    assert list(batches.deal(5, 1)) == [5]

"""Codebooks: MAST as it ships, loading, merging, comparing, and other sources' spellings."""

import dataclasses
import json
from pathlib import Path

import pytest

from masthead.codebook.load import dump, load, mast, parse
from masthead.codebook.revise import diff, merge
from masthead.codebook.spelling import about, resolve, spellings
from masthead.model.errors import Conflict, InvalidInput, NotFound
from masthead.model.ids import Code

pytestmark = pytest.mark.unit

LABELS = Path(__file__).parents[4] / "shared" / "data" / "masft" / "labels.jsonl"


def test_mast_has_three_categories_and_the_papers_fourteen_codes():
    book = mast()
    assert [category.id for category in book.categories] == ["FC1", "FC2", "FC3"]
    assert [entry.id for entry in book.codes] == [
        *(f"FM-1.{i}" for i in range(1, 6)),
        *(f"FM-2.{i}" for i in range(1, 7)),
        *(f"FM-3.{i}" for i in range(1, 4)),
    ]
    assert book.code(Code("FM-3.2")).name == "No or incomplete verification"
    assert book.code(Code("FM-3.3")).name == "Incorrect verification"


def test_every_mast_code_is_described_with_boundaries_examples_and_fixes():
    for entry in mast().codes:
        assert len(entry.definition) > 50, entry.id
        assert entry.include, entry.id
        assert entry.exclude, entry.id
        assert entry.positive, entry.id
        assert entry.negative, entry.id
        assert entry.detectors, entry.id
        assert entry.fixes, entry.id


def test_an_unknown_code_is_named_with_the_known_ones():
    with pytest.raises(NotFound, match=r"'FM-9.9'.*FM-1.1"):
        mast().code(Code("FM-9.9"))


def test_a_codebook_survives_json(tmp_path: Path):
    path = tmp_path / "mine.json"
    path.write_text(dump(mast()), encoding="utf-8")
    assert load(path) == mast()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"categories": []}, "category 'FC1'"),
        ({"version": 3}, "field 'version'"),
        ({"colour": "red"}, "field 'colour'"),
    ],
)
def test_a_broken_codebook_is_refused_with_its_file_and_field(change: dict[str, object], message: str):
    raw = json.loads(dump(mast())) | change
    with pytest.raises(InvalidInput, match=rf"mine\.json: .*{message}"):
        parse(json.dumps(raw), where="mine.json", is_json=True)


def test_a_code_that_stands_twice_is_refused():
    raw = json.loads(dump(mast()))
    raw["codes"].append(raw["codes"][0])
    with pytest.raises(InvalidInput, match=r"'FM-1.1' stands twice"):
        parse(json.dumps(raw), where="x", is_json=True)


def test_merging_adds_codes_and_refuses_a_silent_redefinition():
    extra = dataclasses.replace(mast().codes[0], id=Code("X-1"), name="Leaks a secret")
    mine = dataclasses.replace(mast(), id="mine", codes=(extra,))
    merged = merge(mast(), mine, version="1.1.0")
    assert merged.version == "1.1.0"
    assert merged.codes[-1] == extra
    redefined = dataclasses.replace(mine, codes=(dataclasses.replace(extra, id=Code("FM-1.1")),))
    with pytest.raises(Conflict, match=r"FM-1\.1"):
        merge(mast(), redefined, version="1.1.0")
    assert merge(mast(), redefined, version="2", replace=True).code(Code("FM-1.1")).name == "Leaks a secret"


def test_a_difference_says_what_changed_and_whether_the_meaning_did():
    reworded = tuple(
        dataclasses.replace(entry, fixes=("try harder",)) if entry.id == "FM-1.3" else entry for entry in mast().codes
    )
    new = dataclasses.replace(mast(), codes=reworded[1:])
    found = diff(mast(), new)
    assert found.removed == ("FM-1.1",)
    assert [(change.id, change.fields) for change in found.changed] == [("FM-1.3", ("fixes",))]
    assert found.changes_meaning
    assert not diff(mast(), dataclasses.replace(mast(), codes=reworded)).changes_meaning


def test_agentdash_swaps_the_two_verification_codes():
    assert resolve("3.2", "agentdash").codes == ("FM-3.3",)
    assert resolve("3.3", "agentdash").codes == ("FM-3.2",)
    assert resolve("3.2", "paper").codes == ("FM-3.2",)
    assert resolve("Weak Verification").codes == ("FM-3.2",)


def test_rounds_of_the_mad_file_number_the_same_words_differently():
    assert resolve("2.2", "mad-round-1").codes == ("FM-1.3",)
    assert resolve("1.5", "mad-round-2").codes == ("FM-1.3",)
    assert resolve("1.5 Step repetition").codes == ("FM-1.3",)


def test_a_bare_number_without_its_source_is_refused():
    with pytest.raises(InvalidInput, match="name the source"):
        resolve("2.4")


def test_unknown_words_are_refused():
    with pytest.raises(NotFound, match="Being rude"):
        resolve("Being rude")


def test_every_spelling_names_codes_that_exist_and_every_source_says_what_it_is():
    known = {entry.id for entry in mast().codes}
    for spelling in spellings():
        assert set(spelling.codes) | set(spelling.near) <= known
    assert set(about()) == {spelling.source for spelling in spellings()}
    assert (
        len(
            {s.label for s in spellings() if s.source == "masft"}
            - {"Blurring role", "Failure to detect ambiguity / contradictions"}
        )
        == 22
    )


@pytest.mark.skipif(not LABELS.exists(), reason="the reference data is not beside the checkout")
def test_open_codes_of_the_reference_labels_map_as_their_table_does():
    for line in LABELS.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        found = [resolve(label, "masft") for label in row["open_codes"]]
        assert sorted({code.removeprefix("FM-") for each in found for code in each.codes}) == row["mast14"]
        assert sorted({code.removeprefix("FM-") for each in found for code in each.near}) == row["mast14_near"]

"""Read codebooks from TOML or JSON, checking every field, and write them back."""

import dataclasses
import json
import tomllib
from functools import cache
from importlib import resources
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from masthead.codebook.book import Category, Codebook, CodeEntry
from masthead.model.errors import InvalidInput
from masthead.model.ids import Code, EvaluatorId


class _CategoryForm(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    id: str
    name: str
    definition: str


class _CodeForm(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    id: str
    category: str
    name: str
    definition: str
    include: list[str] = []
    exclude: list[str] = []
    positive: str = ""
    negative: str = ""
    detectors: list[str] = []
    fixes: list[str] = []


class _BookForm(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    id: str
    version: str
    name: str
    source: str | None = None
    note: str | None = None
    categories: list[_CategoryForm]
    codes: list[_CodeForm]


@cache
def mast() -> Codebook:
    """Return MAST as it ships with the package."""
    text = resources.files("masthead.codebook").joinpath("mast.toml").read_text(encoding="utf-8")
    return parse(text, where="mast.toml")


def load(path: Path) -> Codebook:
    """Read a codebook from a `.toml` or `.json` file; raise `InvalidInput` naming the file and the field."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInput(f"cannot read the codebook ({error}); give a TOML or JSON file", where=str(path)) from error
    return parse(text, where=str(path), is_json=path.suffix.lower() == ".json")


def parse(text: str, *, where: str, is_json: bool = False) -> Codebook:
    """Read a codebook from TOML (or JSON) text."""
    try:
        raw: object = json.loads(text) if is_json else tomllib.loads(text)
        form = _BookForm.model_validate(raw)
    except (json.JSONDecodeError, tomllib.TOMLDecodeError) as error:
        raise InvalidInput(f"not {'JSON' if is_json else 'TOML'}: {error}", where=where) from error
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        raise InvalidInput(f"field {field!r}: {first['msg']}; see the codebook guide", where=where) from error
    _check_references(form, where)
    return Codebook(
        id=form.id,
        version=form.version,
        name=form.name,
        source=form.source,
        note=form.note,
        categories=tuple(Category(id=c.id, name=c.name, definition=c.definition) for c in form.categories),
        codes=tuple(_entry(code) for code in form.codes),
    )


def dump(book: Codebook) -> str:
    """Return the codebook as JSON text that `parse` reads back to an equal codebook."""
    return json.dumps(dataclasses.asdict(book), indent=2, ensure_ascii=False)


def _entry(form: _CodeForm) -> CodeEntry:
    return CodeEntry(
        id=Code(form.id),
        category=form.category,
        name=form.name,
        definition=form.definition,
        include=tuple(form.include),
        exclude=tuple(form.exclude),
        positive=form.positive,
        negative=form.negative,
        detectors=tuple(EvaluatorId(each) for each in form.detectors),
        fixes=tuple(form.fixes),
    )


def _check_references(form: _BookForm, where: str) -> None:
    categories = {category.id for category in form.categories}
    seen: set[str] = set()
    for code in form.codes:
        if code.id in seen:
            raise InvalidInput(f"code {code.id!r} stands twice; give each code an id of its own", where=where)
        seen.add(code.id)
        if code.category not in categories:
            known = ", ".join(sorted(categories))
            raise InvalidInput(f"code {code.id!r} names category {code.category!r}, known are {known}", where=where)

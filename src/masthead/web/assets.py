"""The built files in memory: each with its type, its entity tag and its precompressed forms."""

import hashlib
import mimetypes
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Encoding = Literal["br", "gzip"]
_SUFFIX: tuple[tuple[Encoding, str], ...] = (("br", ".br"), ("gzip", ".gz"))
_TYPES = {
    ".js": "text/javascript",
    ".woff2": "font/woff2",
    ".svg": "image/svg+xml",
    ".webmanifest": "application/manifest+json",
}
_TEXTUAL = ("text/", "application/manifest+json", "application/json", "image/svg+xml")


@dataclass(frozen=True, kw_only=True, slots=True)
class Asset:
    """One file as it is sent. `is_immutable` where its name holds a hash of its content."""

    body: bytes
    content_type: str
    etag: str
    is_immutable: bool
    encoded: Mapping[Encoding, bytes]


def load(folder: Path) -> dict[str, Asset]:
    """Read every file under `folder`, by its path relative to it; empty where the interface was not built."""
    if not folder.is_dir():
        return {}
    paths = {path.relative_to(folder).as_posix(): path for path in sorted(folder.rglob("*")) if path.is_file()}
    originals = {name: path for name, path in paths.items() if not name.endswith((".br", ".gz")) and name[0] != "."}
    return {name: _asset(name, path) for name, path in originals.items()}


def _asset(name: str, path: Path) -> Asset:
    body = path.read_bytes()
    encoded: dict[Encoding, bytes] = {}
    for form, suffix in _SUFFIX:
        variant = path.with_name(path.name + suffix)
        if variant.is_file():
            encoded[form] = variant.read_bytes()
    return Asset(
        body=body,
        content_type=content_type(name),
        etag=f'W/"{hashlib.sha256(body).hexdigest()[:20]}"',
        is_immutable=name.startswith("assets/"),
        encoded=encoded,
    )


def content_type(name: str) -> str:
    """Return the media type that a file's name stands for, with the character set where it is text."""
    kind = _TYPES.get(Path(name).suffix) or mimetypes.guess_type(name)[0] or "application/octet-stream"
    return f"{kind}; charset=utf-8" if kind.startswith(_TEXTUAL) else kind

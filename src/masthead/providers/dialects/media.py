"""Data URLs, and the formats that dialects name media by."""

from typing import Final, NamedTuple

from masthead.providers.dialects.dialect import refused

AUDIO_TYPES: Final = {"wav": "audio/wav", "mp3": "audio/mp3"}
DOCUMENT_TYPES: Final = {
    "pdf": "application/pdf",
    "csv": "text/csv",
    "doc": "application/msword",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xls": "application/vnd.ms-excel",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "html": "text/html",
    "txt": "text/plain",
    "md": "text/markdown",
}
_BY_TYPE: Final = {media_type: suffix for suffix, media_type in DOCUMENT_TYPES.items()}
_IMAGES: Final = {
    "png": "image/png", "jpg": "image/jpeg", "jpeg": "image/jpeg", "gif": "image/gif", "webp": "image/webp",
}  # fmt: skip


class Data(NamedTuple):
    """The inside of a data URL; `data` is base64."""

    media_type: str
    data: str


def data_of(url: str, where: str) -> Data | None:
    """Return what a data URL holds, None for another kind of address.

    Raises:
        InvalidInput: it is a data URL that is not base64, or names no media type.
    """
    if not url.startswith("data:"):
        return None
    head, comma, data = url[5:].partition(",")
    media_type, *options = head.split(";")
    if not comma or not media_type or "base64" not in options:
        raise refused(where, "a data URL must be of the form data:image/png;base64,…")
    return Data(media_type, data)


def data_url(media_type: str | None, data: str) -> str:
    """Return a data URL."""
    return f"data:{media_type or 'application/octet-stream'};base64,{data}"


def document_suffix(media_type: str | None, name: str | None) -> str | None:
    """Return Bedrock's name of a document's format, None where it has none."""
    known = _BY_TYPE.get(media_type or "")
    suffix = (name or "").rpartition(".")[2].lower()
    return known or (suffix if suffix in DOCUMENT_TYPES else None)


def image_type_of(url: str) -> str | None:
    """Return the media type that an address ends in, None where it does not tell."""
    return _IMAGES.get(url.partition("?")[0].rpartition(".")[2].lower())

"""Logs that are uploaded as a file."""

import errno
import shutil
import tempfile
from pathlib import Path, PurePosixPath
from typing import Annotated

from anyio import open_file, to_thread
from fastapi import APIRouter, Query, Request

from masthead.api.routes.taken import Editor, With
from masthead.api.schema.importing import ImportQuery, ImportReport
from masthead.model.errors import InvalidInput, StoreFull, TooLarge

router = APIRouter(tags=["import"])
_FOLDER = "upload-"
_NO_SPACE = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EACCES, errno.EPERM}
_BODY = {
    "required": True,
    "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
}


@router.post("/import", max_body_size=2**60, openapi_extra={"requestBody": _BODY})
async def import_file(
    services: With, caller: Editor, request: Request, query: Annotated[ImportQuery, Query()]
) -> ImportReport:
    """Bring in the runs of a log file or archive, sent as the body; what cannot be read is reported."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/octet-stream":
        raise InvalidInput("send the file itself, as application/octet-stream", where="header.content-type")
    data_dir = services.settings.data_dir
    try:
        with tempfile.TemporaryDirectory(prefix=_FOLDER, dir=data_dir) as folder:
            path = Path(folder) / (PurePosixPath(query.name.replace("\\", "/")).name or "upload")
            await _receive(request, path, services.settings.max_import_bytes)
            report = await to_thread.run_sync(services.import_file, caller.project_id, path, query.format)
    except OSError as error:
        if error.errno not in _NO_SPACE:
            raise
        message = f"the upload cannot be kept in {str(data_dir)!r} ({error.strerror}): free space or make it writable"
        raise StoreFull(message) from error
    return ImportReport.of(report)


def remove_leftovers(data_dir: Path) -> None:
    """Remove the uploads that a server left behind when it was killed; for the folder's one owner, at its start."""
    for folder in data_dir.glob(f"{_FOLDER}*"):
        shutil.rmtree(folder, ignore_errors=True)


async def _receive(request: Request, path: Path, most_bytes: int) -> None:
    taken = 0
    async with await open_file(path, "wb") as file:
        async for chunk in request.stream():
            taken += len(chunk)
            if taken > most_bytes:
                raise TooLarge(
                    f"the file is over {most_bytes} bytes (max_import_bytes); import it in parts", where="body"
                )
            await file.write(chunk)

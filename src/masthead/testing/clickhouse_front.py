"""A thin HTTP front to chDB that speaks ClickHouse's protocol: the real client, the real engine, no server to set up.

For tests alone: one statement a request, no users, bound to loopback on a free port.
"""

import os
import re
import threading
from email.message import Message
from email.parser import BytesParser
from email.policy import HTTP
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from masthead.store.traces.chdb_engine import connect

_NOT_SETTINGS = frozenset({
    "query", "database", "default_format", "compress", "decompress", "session_id", "query_id", "wait_end_of_query",
    "enable_http_compression", "http_headers_progress_interval_ms", "send_progress_in_http_headers",
    "client_protocol_version", "cancel_http_readonly_queries_on_client_close",
})  # fmt: skip
_NAME = re.compile(r"[a-z_0-9]+")
_INSERT = re.compile(rb"(\s*INSERT INTO [^\n]*\s+FORMAT Native)\n")
_CODE = re.compile(r"Code: (\d+)")


class ClickHouseFront:
    """Serves the chDB database in a folder at `url` until `close`."""

    def __init__(self, folder: Path) -> None:
        self._keeper: Any = connect(folder)

        class Handler(_Handler):
            database = folder

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        """What `MASTHEAD_CLICKHOUSE_URL` would say."""
        return f"clickhouse://default:secret@127.0.0.1:{self._server.server_port}/default"

    def close(self) -> None:
        """Stop serving and let go of the folder."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        self._keeper.close()


class _Handler(BaseHTTPRequestHandler):
    database = Path()
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Answer `/ping` and queries in the address."""
        if urlsplit(self.path).path == "/ping":
            self._answer(200, b"Ok.\n")
        else:
            self._run(b"")

    def do_POST(self) -> None:
        """Answer a query in the body, in the address (the body is then its data) or in a form."""
        self._run(self.rfile.read(int(self.headers.get("Content-Length", "0"))))

    def _run(self, body: bytes) -> None:
        fields = dict(parse_qsl(urlsplit(self.path).query, keep_blank_values=True))
        if self.headers.get_content_type() == "multipart/form-data":
            fields |= _form(self.headers["Content-Type"], body)
            body = b""
        statement, data = (fields["query"].encode(), body) if fields.get("query") else _split(body)
        sql = statement.decode()
        params = {name.removeprefix("param_"): text for name, text in fields.items() if name.startswith("param_")}
        try:
            self._answer(200, self._result(sql, data, fields, params))
        except RuntimeError as error:
            found = _CODE.search(str(error))
            self._answer(500, str(error).encode(), {"X-ClickHouse-Exception-Code": found[1] if found else "1001"})

    def _result(self, sql: str, data: bytes, fields: dict[str, str], params: dict[str, str]) -> bytes:
        connection: Any = connect(self.database)
        try:
            for name, value in fields.items():
                if name not in _NOT_SETTINGS and not name.startswith("param_") and _NAME.fullmatch(name):
                    quoted = value.replace("\\", "\\\\").replace("'", "\\'")
                    connection.query(f"SET {name} = '{quoted}'")
            if not data:
                return connection.query(sql, fields.get("default_format", "TabSeparated"), params=params).bytes()
            memory = os.memfd_create("data")
            try:
                with os.fdopen(memory, "wb", closefd=False) as file:
                    file.write(data)
                statement, form = sql.rsplit("FORMAT", 1)
                connection.query(f"{statement} FROM INFILE '/proc/self/fd/{memory}' FORMAT {form}")
            finally:
                os.close(memory)
            return b""
        finally:
            connection.close()

    def _answer(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name that the base class gave it
        """Say nothing."""


def _split(body: bytes) -> tuple[bytes, bytes]:
    """Part an INSERT from the block that follows it; any other body is a statement alone."""
    found = _INSERT.match(body)
    return (found[1], body[found.end() :]) if found else (body, b"")


def _form(content_type: str, body: bytes) -> dict[str, str]:
    message: Message = BytesParser(policy=HTTP).parsebytes(f"Content-Type: {content_type}\r\n\r\n".encode() + body)
    fields: dict[str, str] = {}
    for part in message.walk():
        name = part.get_param("name", header="content-disposition")
        payload = part.get_payload(decode=True)
        if isinstance(name, str) and isinstance(payload, bytes):
            fields[name] = payload.decode()
    return fields

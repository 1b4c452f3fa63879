"""The ASGI application under the API: hashed files that browsers keep for ever, and one page for all else."""

from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from html import escape
from pathlib import Path
from typing import Any, TypeAlias

from masthead.web.assets import Asset, Encoding, load

DIST = Path(__file__).parent / "dist"
_PAGE = "index.html"

# ASGI's own types: mappings whose values depend on the message.
Scope: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send: TypeAlias = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]
_Headers: TypeAlias = list[tuple[bytes, bytes]]

# Nothing but our own files may run or load, and nobody may frame the page. `require-trusted-types-for` makes the
# browser refuse the calls by which text becomes markup or code.
CONTENT_SECURITY_POLICY = (
    "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data:; object-src 'none'; "
    "base-uri 'self'; form-action 'self'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'"
)
_SAFETY: _Headers = [
    (b"content-security-policy", CONTENT_SECURITY_POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
]
_FOR_EVER = b"public, max-age=31536000, immutable"
_ASK_AGAIN = b"no-cache"

_NOT_BUILT = """\
The pages are not built. From a checkout, with Node 20 or later:

    cd ui && npm ci && npm run build

A wheel has them inside; the API under /api/v1 works without them.
"""


def web_app(*, path_prefix: str = "", dist: Path = DIST) -> App:
    """Return the application that serves the user interface mounted at `path_prefix`, such as `/masthead`.

    Reads the built files once, here. Paths reach it with or without the prefix, as the proxy in front has it.
    """
    prefix = path_prefix.strip("/")
    mount = f"/{prefix}/" if prefix else "/"
    assets = load(dist)
    page = assets.get(_PAGE)
    if page is not None:
        assets[_PAGE] = _mounted(page, mount)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request; it has no body that matters."""
        del receive
        path = str(scope["path"])
        name = path.removeprefix(mount) if path.startswith(mount) else path.lstrip("/")
        if scope["method"] not in ("GET", "HEAD"):
            return await _send_text(send, 405, "Only GET and HEAD are answered here.\n", [(b"allow", b"GET, HEAD")])
        if _PAGE not in assets:
            return await _send_text(send, 503, _NOT_BUILT)
        asset = assets.get(name) if name else None
        if asset is None and _is_file(name):
            return await _send_text(send, 404, "There is no such file.\n")
        return await _send_asset(scope, send, asset or assets[_PAGE])

    return app


def _mounted(page: Asset, mount: str) -> Asset:
    """Tell the page where it is mounted: every address in it is relative to this one."""
    body = page.body.replace(b"<head>", f'<head><base href="{escape(mount)}" />'.encode(), 1)
    return Asset(body=body, content_type=page.content_type, etag="", is_immutable=False, encoded={})


def _is_file(name: str) -> bool:
    """Say whether an unknown path asks for a file, which is missing, rather than for a page of the application."""
    return name.startswith("assets/") or Path(name).suffix in {".js", ".css", ".map", ".svg", ".woff2", ".ico", ".png"}


async def _send_asset(scope: Scope, send: Send, asset: Asset) -> None:
    asked = {name: value for name, value in scope["headers"] if name in (b"if-none-match", b"accept-encoding")}
    headers: _Headers = [
        (b"content-type", asset.content_type.encode()),
        (b"cache-control", _FOR_EVER if asset.is_immutable else _ASK_AGAIN),
        (b"vary", b"accept-encoding"),
    ]
    if asset.etag:
        headers.append((b"etag", asset.etag.encode()))
        if asset.etag.encode() in asked.get(b"if-none-match", b""):
            return await _respond(send, 304, headers, b"")
    encoding = _encoding(asked.get(b"accept-encoding", b""), asset.encoded)
    body = asset.body if encoding is None else asset.encoded[encoding]
    if encoding is not None:
        headers.append((b"content-encoding", encoding.encode()))
    return await _respond(send, 200, headers, body, is_head=scope["method"] == "HEAD")


def _encoding(accepted: bytes, available: Iterable[Encoding]) -> Encoding | None:
    """Return the best form that the browser takes: Brotli before gzip."""
    wanted = {part.split(b";")[0].strip() for part in accepted.split(b",") if b"q=0" not in part.replace(b"q=0.", b"")}
    return next((encoding for encoding in available if encoding.encode() in wanted), None)


async def _send_text(send: Send, status: int, text: str, headers: Iterable[tuple[bytes, bytes]] = ()) -> None:
    plain = [(b"content-type", b"text/plain; charset=utf-8"), (b"cache-control", b"no-store"), *headers]
    await _respond(send, status, plain, text.encode())


async def _respond(send: Send, status: int, headers: _Headers, body: bytes, *, is_head: bool = False) -> None:
    length = [(b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": [*headers, *length, *_SAFETY]})
    await send({"type": "http.response.body", "body": b"" if is_head else body})

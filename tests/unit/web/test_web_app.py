"""What the server of the pages answers. The files are made up; the answers are not."""

from pathlib import Path

import pytest
from starlette.testclient import TestClient

from masthead.web import web_app

pytestmark = pytest.mark.unit


@pytest.fixture
def dist(tmp_path: Path) -> Path:
    """Lay out a build: a page, a hashed script in three forms, and an icon."""
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text(
        '<!doctype html><html><head><script src="./assets/a-1.js"></script></head></html>'
    )
    (tmp_path / "assets" / "a-1.js").write_text("console.log(1)")
    (tmp_path / "assets" / "a-1.js.br").write_bytes(b"brotli")
    (tmp_path / "assets" / "a-1.js.gz").write_bytes(b"gzip")
    (tmp_path / "masthead.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg'/>")
    (tmp_path / ".built-from").write_text("digest")
    return tmp_path


def _client(dist: Path, prefix: str = "") -> TestClient:
    return TestClient(web_app(path_prefix=prefix, dist=dist), headers={"Accept-Encoding": "identity"})


@pytest.mark.parametrize("path", ["/", "/runs/abc", "/overview", "/no/such/page"])
def test_every_page_is_the_one_page(dist: Path, path: str) -> None:
    answer = _client(dist).get(path)
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-cache"
    assert '<head><base href="/" />' in answer.text


@pytest.mark.parametrize("path", ["/", "/masthead/", "/masthead/runs/abc"])
def test_the_page_knows_its_prefix_whether_or_not_the_proxy_strips_it(dist: Path, path: str) -> None:
    assert '<base href="/masthead/" />' in _client(dist, "/masthead").get(path).text
    assert _client(dist, "/masthead").get("/masthead/assets/a-1.js").status_code == 200
    assert _client(dist, "/masthead").get("/assets/a-1.js").status_code == 200


def test_a_prefix_cannot_break_out_of_the_page(dist: Path) -> None:
    assert "<script>alert" not in _client(dist, '/"><script>alert(1)</script>').get("/").text


@pytest.mark.parametrize(
    ("accepted", "encoding"),
    [("br, gzip", "br"), ("gzip, deflate", "gzip"), ("identity", None), ("br;q=0, gzip;q=0.5", "gzip"), ("", None)],
)
def test_hashed_files_are_kept_for_ever_in_the_form_that_is_taken(
    dist: Path, accepted: str, encoding: str | None
) -> None:
    with _client(dist).stream("GET", "/assets/a-1.js", headers={"Accept-Encoding": accepted}) as answer:
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert answer.headers["content-type"] == "text/javascript; charset=utf-8"
        assert answer.headers.get("content-encoding") == encoding
        assert "accept-encoding" in answer.headers["vary"]


def test_a_file_that_is_known_already_is_not_sent_again(dist: Path) -> None:
    first = _client(dist).get("/masthead.svg")
    again = _client(dist).get("/masthead.svg", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize("path", ["/assets/gone-2.js", "/favicon.ico", "/x.map"])
def test_a_missing_file_is_not_the_page(dist: Path, path: str) -> None:
    assert _client(dist).get(path).status_code == 404


@pytest.mark.parametrize("path", ["/.built-from", "/..%2f..%2fetc/passwd", "/assets/a-1.js.br"])
def test_nothing_but_the_built_files_is_served(dist: Path, path: str) -> None:
    answer = _client(dist).get(path)
    assert "digest" not in answer.text
    assert answer.content != b"brotli"


def test_head_has_no_body_and_other_methods_are_refused(dist: Path) -> None:
    head = _client(dist).head("/assets/a-1.js", headers={"Accept-Encoding": "identity"})
    assert (head.status_code, head.content, head.headers["content-length"]) == (200, b"", "14")
    assert _client(dist).post("/").status_code == 405


def test_every_answer_forbids_foreign_and_inline_code(dist: Path) -> None:
    for path in ("/", "/assets/a-1.js", "/assets/gone.js"):
        policy = _client(dist).get(path).headers["content-security-policy"]
        assert "default-src 'self'" in policy
        assert "unsafe" not in policy
        assert "require-trusted-types-for 'script'" in policy
        assert _client(dist).get(path).headers["x-content-type-options"] == "nosniff"


def test_says_how_to_build_the_pages_where_they_are_missing(tmp_path: Path) -> None:
    answer = _client(tmp_path / "none").get("/")
    assert answer.status_code == 503
    assert "npm run build" in answer.text

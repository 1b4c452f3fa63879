"""The catalogue of models over HTTP."""

from typing import Any

import pytest

from masthead.testing.site import Site

pytestmark = pytest.mark.integration


def _models(site: Site, **params: Any) -> Any:
    answer = site.ask("GET", "/api/v1/models", site.key("one", "viewer"), params=params)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_models_are_listed_by_pages_with_prices_as_strings(site: Site) -> None:
    first = _models(site, provider="anthropic", limit=5)
    assert len(first["items"]) == 5 and first["cursor"]
    names = [item["model"] for item in first["items"]]
    rest = _models(site, provider="anthropic", limit=500, cursor=first["cursor"])
    assert rest["cursor"] is None and not set(names) & {item["model"] for item in rest["items"]}
    (sonnet,) = [item for item in rest["items"] if item["model"] == "claude-sonnet-4-5"]
    assert sonnet["usd_per_million"] == {"input": "3", "output": "15", "cache_read": "0.3", "cache_write": "3.75"}
    assert sonnet["context_tokens"] == 200_000 and "tools" in sonnet["capabilities"]


def test_models_are_sought(site: Site) -> None:
    items = _models(site, text="EMBEDDING-3", capability="embeddings", provider="openai")["items"]
    assert [item["model"] for item in items] == ["text-embedding-3-large", "text-embedding-3-small"]


def test_current_models_come_first_where_that_is_asked(site: Site) -> None:
    items = _models(site, order="newest", provider="openai", limit=500)["items"]
    assert sorted(item["model"] for item in items) == [
        item["model"] for item in _models(site, provider="openai", limit=500)["items"]
    ]
    known = [item["context_tokens"] is not None for item in items]
    assert known == sorted(known, reverse=True)
    released = [item["released"] or "" for item in items if item["context_tokens"] is not None]
    assert released == sorted(released, reverse=True)
    assert released[0] > "2025"


@pytest.mark.parametrize("wrong", [{"cursor": "-1"}, {"cursor": "x"}, {"limit": 0}, {"capability": "fly"}, {"more": 1}])
def test_wrong_question_is_refused(site: Site, wrong: dict[str, Any]) -> None:
    assert site.ask("GET", "/api/v1/models", site.key("one", "viewer"), params=wrong).status_code == 422

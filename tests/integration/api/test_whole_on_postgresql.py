"""The whole application with control data on a real PostgreSQL, under a path prefix."""

from pathlib import Path

import pytest
from pydantic import SecretStr

from masthead.testing.postgresql import private_server
from masthead.testing.site import run_id, site_in

pytestmark = pytest.mark.integration


def test_everything_is_served_with_control_data_on_postgresql(tmp_path: Path) -> None:
    settings = {"require_keys": True, "path_prefix": "/masthead"}
    with (
        private_server() as url,
        site_in(tmp_path / "data", database_url=SecretStr(url), **settings) as site,
    ):
        owner = site.key("one")
        assert len(site.ask("GET", "/masthead/api/v1/runs", owner).json()["items"]) == 5
        assert len(site.ask("GET", "/api/v1/runs", owner).json()["items"]) == 5
        assert site.ask("GET", "/masthead/health").status_code == 200
        assert site.ask("GET", "/masthead/api/v1/runs").status_code == 401
        login = site.ask("POST", "/masthead/api/v1/session", json={"key": owner})
        assert "Path=/masthead" in login.headers["set-cookie"].split("; ")
        assert site.ask("PATCH", "/api/v1/projects/one", owner, json={"retention_days": 30}).status_code == 200
        assert site.ask("DELETE", f"/api/v1/runs/{run_id(1)}", owner).status_code == 200
        document = {"connections": {"mine": {"provider": "openai", "secret": "stored:openai", "models": ["gpt-5"]}}}
        named = {"value": "sk-s3cr3t"}
        assert site.ask("PUT", "/api/v1/gateway/secrets/openai", owner, json=named).status_code == 200
        put = {"revision": 0, "document": document}
        assert site.ask("PUT", "/api/v1/gateway/config", owner, json=put).json()["warnings"] == []
        assert [one["id"] for one in site.ask("GET", "/v1/models", owner).json()["data"]] == ["gpt-5"]
        assert site.ask("PUT", "/api/v1/gateway/config", owner, json=put).status_code == 409
        limited = {"name": "bot", "limits": [{"window": "day", "cost_usd": "0.5"}], "models": ["gpt-*"]}
        assert site.ask("POST", "/api/v1/keys", owner, json=limited).json()["key"]["limits"][0]["cost_usd"] == "0.5"
        assert site.ask("DELETE", "/api/v1/projects/two", site.key("two")).status_code == 200
        verdict = site.ask("GET", "/api/v1/audit/verify", owner).json()
        assert verdict["is_intact"]
        assert verdict["entries"] >= 15
        status = site.ask("GET", "/api/v1/status", site.key("*", "operator")).json()
        assert status["control"].startswith("postgresql 1")
        assert site.ask("POST", "/api/v1/keys", owner, json={"name": "nul \x00"}).status_code == 422

import re
from datetime import UTC, datetime

import pytest

from masthead.model.errors import NotFound, SettingsError
from masthead.providers.dialects import Dialect
from masthead.providers.vendors import (
    VENDORS,
    Auth,
    Vendor,
    auth_headers,
    base_url_of,
    endpoint,
    fitted_body,
    page,
    region_of,
    vendor,
)  # fmt: skip

pytestmark = pytest.mark.unit

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("name", "expected"),
    [("openai", "openai"), ("OpenAI", "openai"), ("aws.bedrock", "bedrock"), ("gcp.gemini", "google"),
     ("gcp.vertex_ai", "vertex"), ("x_ai", "xai"), ("az.ai.openai", "azure"), ("mistral_ai", "mistral")],
)  # fmt: skip
def test_vendor_is_found_by_its_id_and_by_the_name_that_traces_have(name: str, expected: str):
    assert vendor(name).id == expected


def test_unknown_vendor_is_refused_with_the_way_out():
    with pytest.raises(NotFound, match="openai-compatible"):
        vendor("house")


@pytest.mark.parametrize("row", VENDORS.values(), ids=lambda row: row.id)
def test_row_is_complete(row: Vendor):
    assert row.base_url is None or re.match(r"https?://", row.base_url)
    assert row.dialects
    assert (row.key_env is None) == (row.auth is Auth.NONE) or row.id == "openai-compatible"


@pytest.mark.parametrize(
    ("name", "dialect", "is_stream", "version", "expected"),
    [
        ("openai", Dialect.OPENAI_CHAT, True, None, "https://b/v1/chat/completions"),
        ("openai", Dialect.OPENAI_RESPONSES, False, None, "https://b/v1/responses"),
        ("anthropic", Dialect.ANTHROPIC, False, None, "https://b/v1/messages"),
        ("google", Dialect.GEMINI, False, None, "https://b/v1/models/m%3Ax:generateContent"),
        ("google", Dialect.GEMINI, True, None, "https://b/v1/models/m%3Ax:streamGenerateContent?alt=sse"),
        ("bedrock", Dialect.BEDROCK, True, None, "https://b/v1/model/m%3Ax/converse-stream"),
        ("vertex-anthropic", Dialect.ANTHROPIC, True, None, "https://b/v1/models/m%3Ax:streamRawPredict"),
        ("azure", Dialect.OPENAI_CHAT, False, "2024-10-21",
         "https://b/v1/openai/deployments/m%3Ax/chat/completions?api-version=2024-10-21"),
        ("azure", Dialect.OPENAI_CHAT, False, None, "https://b/v1/openai/v1/chat/completions"),
    ],
)  # fmt: skip
def test_call_goes_to_the_vendors_address(
    name: str, dialect: Dialect, is_stream: bool, version: str | None, expected: str
):
    url = endpoint(vendor(name), "https://b/v1/", dialect, "m:x", is_stream=is_stream, api_version=version)
    assert url == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [("openai", {"authorization": "Bearer k"}), ("azure", {"api-key": "k"}), ("google", {"x-goog-api-key": "k"}),
     ("anthropic", {"x-api-key": "k", "anthropic-version": "2023-06-01"}), ("bedrock", {"authorization": "Bearer k"})],
)  # fmt: skip
def test_key_goes_where_the_vendor_wants_it(name: str, expected: dict[str, str]):
    assert auth_headers(vendor(name), "k") == expected


def test_pair_of_keys_signs_the_request():
    url = "https://bedrock-runtime.eu-west-1.amazonaws.com/model/m/converse"
    headers = auth_headers(vendor("bedrock"), "AK:SK:TOKEN", url=url, body=b"{}", now=NOW)
    assert "/eu-west-1/bedrock/aws4_request" in headers["authorization"]
    assert headers["x-amz-security-token"] == "TOKEN"
    with pytest.raises(SettingsError, match="time"):
        auth_headers(vendor("bedrock"), "AK:SK", url=url)


def test_region_is_read_from_the_address_or_asked_for():
    assert region_of("https://bedrock-runtime.us-west-2.amazonaws.com/model/m/converse") == "us-west-2"
    assert region_of("https://vpce-0a1.bedrock-runtime.eu-west-1.vpce.amazonaws.com/model/m/converse") == "eu-west-1"
    assert region_of("https://bedrock-runtime-fips.us-east-1.amazonaws.com/model/m/converse") == "us-east-1"
    with pytest.raises(SettingsError, match="region"):
        region_of("https://proxy.example/model/m/converse")


def test_no_key_sends_no_key():
    assert auth_headers(vendor("ollama"), None) == {}


def test_address_with_names_wants_them():
    assert base_url_of(vendor("bedrock"), None, {"region": "eu-west-1"}).startswith("https://bedrock-runtime.eu-west-1")
    assert base_url_of(vendor("bedrock"), "https://mine/") == "https://mine"
    with pytest.raises(SettingsError, match="region"):
        base_url_of(vendor("bedrock"), None)
    with pytest.raises(SettingsError, match="base URL"):
        base_url_of(vendor("openai-compatible"), None)


def test_claude_on_vertex_has_its_model_in_the_address():
    body = {"model": "claude", "max_tokens": 1}
    assert fitted_body(vendor("vertex-anthropic"), body) == {"anthropic_version": "vertex-2023-10-16", "max_tokens": 1}
    assert fitted_body(vendor("anthropic"), body) == body


def test_page_names_every_vendor():
    assert all(f"| `{name}` |" in page() for name in VENDORS)

"""Vertex by a service account's key file: a signed assertion for a token, which is renewed before it expires."""

import base64
import contextlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qs

import httpx
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from masthead.model.errors import SettingsError
from masthead.providers.dialects import Dialect
from masthead.providers.google_grant import service_account
from masthead.testing import wires
from masthead.testing.answering import Answering, Reply, Request
from masthead.testing.gateway import RunningGateway
from masthead.testing.raw_upstream import RawUpstream
from masthead.testing.wired_gateway import wired_gateway

pytestmark = pytest.mark.integration

KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
PEM = KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


class Site(NamedTuple):
    gateway: RunningGateway
    google: Answering


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., Site]]:
    with contextlib.ExitStack() as stack:

        def start(lasts_s: int = 3600, refuses: int = 0) -> Site:
            def answer(request: Request) -> Reply:
                if request.path == "/token":
                    number = sum(one.path == "/token" for one in google.requests)
                    if number <= refuses:
                        return Reply({"error": "invalid_grant", "error_description": "clock skew"}, status="400 Bad")
                    return Reply({"access_token": f"token-{number}", "expires_in": lasts_s, "token_type": "Bearer"})
                return Reply(wires.answer(Dialect.GEMINI))

            google = Answering(answer)
            url = stack.enter_context(RawUpstream(google.talk)).url
            account = {
                "type": "service_account",
                "client_email": "bot@p.iam",
                "private_key": PEM,
                "private_key_id": "k1",
            }
            account["token_uri"] = url.replace("/v1", "/token")
            (tmp_path / "vertex.json").write_text(json.dumps(account))
            place = "projects/p/locations/europe-west4/publishers/google"
            text = f'[connections.vertex]\nprovider = "vertex"\nbase_url = "{url}/{place}"\n'
            text += f'secret = "file:{tmp_path}/vertex.json"\nallow_networks = ["loopback"]\n'
            return Site(stack.enter_context(wired_gateway(tmp_path, text)), google)

        yield start


def ask(site: Site) -> httpx.Response:
    body = {"model": "vertex/gemini-2.5-flash", "messages": [{"role": "user", "content": "hi"}]}
    return httpx.post(f"{site.gateway.url}/v1/chat/completions", json=body, timeout=20)


def unpacked(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def test_a_signed_assertion_gets_a_token_which_serves_many_calls(serve: Callable[..., Site]) -> None:
    site = serve()
    assert [ask(site).status_code for _ in range(3)] == [200] * 3
    asked, *calls = site.google.requests
    form = parse_qs(asked.data.decode())
    assert form["grant_type"] == ["urn:ietf:params:oauth:grant-type:jwt-bearer"]
    head, claims, signature = form["assertion"][0].split(".")
    KEY.public_key().verify(unpacked(signature), f"{head}.{claims}".encode(), padding.PKCS1v15(), hashes.SHA256())
    assert json.loads(unpacked(head)) == {"alg": "RS256", "typ": "JWT", "kid": "k1"}
    told = json.loads(unpacked(claims))
    assert (told["iss"], told["scope"]) == ("bot@p.iam", "https://www.googleapis.com/auth/cloud-platform")
    assert told["exp"] - told["iat"] == 3600 and told["aud"].endswith("/token")
    assert [one.path.rsplit("/", 1)[1] for one in calls] == ["gemini-2.5-flash:generateContent"] * 3
    assert {one.headers["authorization"] for one in calls} == {"Bearer token-1"}


def test_a_token_is_renewed_before_it_expires(serve: Callable[..., Site]) -> None:
    site = serve(lasts_s=200)  # less than is kept in hand
    assert [ask(site).status_code for _ in range(2)] == [200, 200]
    calls = [one for one in site.google.requests if one.path != "/token"]
    assert [one.headers["authorization"] for one in calls] == ["Bearer token-1", "Bearer token-2"]


def test_where_no_token_is_to_be_had_the_call_fails_with_the_reason_and_the_next_one_asks_again(
    serve: Callable[..., Site],
) -> None:
    site = serve(refuses=2)
    response = ask(site)
    assert response.status_code == 502 and "clock skew" in response.json()["error"]["message"]
    assert PEM[30:60] not in response.text
    assert ask(site).status_code == 200


@pytest.mark.parametrize(
    ("secret", "said"),
    [
        ('{"type": "authorized_user", "client_email": "a", "private_key": "b", "token_uri": "c"}', "authorized_user"),
        ('{"type": "service_account", "client_email": "a", "token_uri": "c"}', "'private_key'"),
        ('{"type": ', "no JSON"),
    ],
)
def test_a_file_that_is_no_service_account_is_refused_when_the_configuration_is_read(secret: str, said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        service_account(secret)


def test_an_access_token_is_taken_as_it_is() -> None:
    assert service_account("ya29.token") is None


def test_nothing_of_a_connection_that_is_shown_tells_its_key(serve: Callable[..., Site]) -> None:
    site = serve()
    ask(site)
    serving = site.gateway.service.servings()[0]
    router: Any = serving.seams.router
    assert PEM[30:60] not in repr(router._connections)

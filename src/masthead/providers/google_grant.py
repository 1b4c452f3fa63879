"""Google's service accounts: a signed assertion for an access token of an hour (RFC 7523, RS256). Without I/O."""

import base64
from typing import Any, Final, NamedTuple
from urllib.parse import urlencode

import msgspec

from masthead.model.errors import SettingsError, UpstreamError

SCOPE: Final = "https://www.googleapis.com/auth/cloud-platform"
_GRANT: Final = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_LASTS_S: Final = 3600
_NEEDED: Final = ("client_email", "private_key", "token_uri")


class ServiceAccount(NamedTuple):
    """What a key file of a service account holds. A secret: never log one."""

    email: str
    private_key: str
    """In PEM."""
    key_id: str | None
    token_url: str


class Token(NamedTuple):
    """An access token, and for how many seconds it is good."""

    value: str
    lasts_s: float


def service_account(secret: str) -> ServiceAccount | None:
    """Return the account whose key file the secret is; None where it is no JSON: an access token, then.

    Raises:
        SettingsError: it is JSON, and no key file of a service account.
    """
    if not secret.lstrip().startswith("{"):
        return None
    try:
        told = msgspec.json.decode(secret, type=dict[str, Any])
    except msgspec.DecodeError as error:
        raise SettingsError("the connection's key looks like a key file of Google's and is no JSON") from error
    missing = [name for name in _NEEDED if not isinstance(told.get(name), str) or not told[name]]
    if told.get("type") != "service_account" or missing:
        why = f"lacks {missing[0]!r}" if missing else f"is of the type {told.get('type')!r}"
        raise SettingsError(f"the key file {why}: it must be that of a service account")
    key_id = told.get("private_key_id")
    return ServiceAccount(
        told["client_email"], told["private_key"], key_id if isinstance(key_id, str) else None, told["token_uri"]
    )


def token_request(account: ServiceAccount, now_s: int) -> bytes:
    """Return the form that asks for a token. Signs with RSA: some milliseconds, and at first 0.07 s to load that.

    Raises:
        SettingsError: the account's key is no RSA key in PEM.
    """
    from cryptography.exceptions import UnsupportedAlgorithm  # noqa: PLC0415 - 0.07 s and 10 MB, for Vertex alone
    from cryptography.hazmat.primitives import hashes  # noqa: PLC0415 - as above
    from cryptography.hazmat.primitives.asymmetric import padding, rsa  # noqa: PLC0415 - as above
    from cryptography.hazmat.primitives.serialization import load_pem_private_key  # noqa: PLC0415 - as above

    try:
        key = load_pem_private_key(account.private_key.encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise SettingsError("the private_key of the service account cannot be read: it must be a PEM") from error
    if not isinstance(key, rsa.RSAPrivateKey):
        raise SettingsError("the private_key of the service account must be an RSA key")
    head = {"alg": "RS256", "typ": "JWT"} | ({"kid": account.key_id} if account.key_id else {})
    claims = {
        "iss": account.email,
        "scope": SCOPE,
        "aud": account.token_url,
        "iat": now_s,
        "exp": now_s + _LASTS_S,
    }
    signed = b".".join(map(_packed, (msgspec.json.encode(head), msgspec.json.encode(claims))))
    signature = key.sign(signed, padding.PKCS1v15(), hashes.SHA256())
    assertion = b".".join((signed, _packed(signature))).decode()
    return urlencode({"grant_type": _GRANT, "assertion": assertion}).encode()


def read_token(status: int, body: bytes) -> Token:
    """Return the token that was answered.

    Raises:
        UpstreamError: none was; says what Google said.
    """
    try:
        told = msgspec.json.decode(body, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError):
        told = {}
    value, lasts_s = told.get("access_token"), told.get("expires_in")
    if status != 200 or not isinstance(value, str) or not value:
        why = told.get("error_description") or told.get("error") or f"status {status}"
        raise UpstreamError(f"no access token for the service account: {str(why)[:300]}")
    return Token(value, float(lasts_s) if isinstance(lasts_s, int | float) else _LASTS_S)


def _packed(data: bytes) -> bytes:
    return base64.urlsafe_b64encode(data).rstrip(b"=")

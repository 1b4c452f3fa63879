"""Amazon's request signature, version 4 (AWS General Reference, "Create a signed AWS API request")."""

import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime
from typing import Final, NamedTuple
from urllib.parse import parse_qsl, quote, urlsplit

from masthead.model.errors import SettingsError

_ALGORITHM: Final = "AWS4-HMAC-SHA256"


class AwsKeys(NamedTuple):
    """What signs: an access key, its secret, and the token of a temporary one."""

    access_key: str
    secret_key: str
    session_token: str | None = None


def keys_of(secret: str) -> AwsKeys:
    """Return the keys written as `ACCESS_KEY:SECRET_KEY` or `ACCESS_KEY:SECRET_KEY:SESSION_TOKEN`.

    Raises:
        SettingsError: it is neither.
    """
    parts = secret.split(":", 2)
    if len(parts) < 2 or not all(parts):
        raise SettingsError("a key for Amazon is written ACCESS_KEY:SECRET_KEY or ACCESS_KEY:SECRET_KEY:SESSION_TOKEN")
    return AwsKeys(*parts)


def sign(
    method: str,
    url: str,
    headers: Mapping[str, str],
    body: bytes,
    *,
    keys: AwsKeys,
    region: str,
    service: str,
    now: datetime,
) -> dict[str, str]:
    """Return the headers to add. All of `headers` are signed, with the host and the time; `now` is in UTC."""
    parts = urlsplit(url)
    stamp = now.strftime("%Y%m%dT%H%M%SZ")
    added = {"x-amz-date": stamp}
    if keys.session_token is not None:
        added["x-amz-security-token"] = keys.session_token
    signed = {name.lower(): " ".join(value.split()) for name, value in (*headers.items(), *added.items())}
    signed.setdefault("host", parts.netloc)
    names = ";".join(sorted(signed))
    path = quote(parts.path or "/", safe="/-_.~")
    pairs = sorted(
        (quote(name, safe="-_.~"), quote(value, safe="-_.~"))
        for name, value in parse_qsl(parts.query, keep_blank_values=True)
    )
    canonical = "\n".join(
        (
            method.upper(),
            path,
            "&".join(f"{name}={value}" for name, value in pairs),
            *(f"{name}:{signed[name]}" for name in sorted(signed)),
            "",
            names,
            hashlib.sha256(body).hexdigest(),
        )
    )
    scope = f"{stamp[:8]}/{region}/{service}/aws4_request"
    told = "\n".join((_ALGORITHM, stamp, scope, hashlib.sha256(canonical.encode()).hexdigest()))
    key = b"AWS4" + keys.secret_key.encode()
    for part in (stamp[:8], region, service, "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    signature = hmac.digest(key, told.encode(), "sha256").hex()
    credential = f"{keys.access_key}/{scope}"
    authorization = f"{_ALGORITHM} Credential={credential}, SignedHeaders={names}, Signature={signature}"
    return {**added, "authorization": authorization}

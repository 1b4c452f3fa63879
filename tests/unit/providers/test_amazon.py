"""Amazon's signature and event streams, against the published example and against botocore."""

from datetime import UTC, datetime
from typing import Any

import pytest
from botocore import auth, awsrequest, credentials, eventstream
from hypothesis import given
from hypothesis import strategies as st

from masthead.model.errors import InvalidInput, SettingsError
from masthead.providers.dialects.bedrock.event_stream import EventStream, Message, write
from masthead.providers.sigv4 import AwsKeys, keys_of, sign

pytestmark = pytest.mark.unit

PUBLISHED = AwsKeys("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")
NOW = datetime(2015, 8, 30, 12, 36, 0, tzinfo=UTC)


def test_the_published_example_is_signed_as_published():
    """AWS General Reference: GET iam ListUsers, 2015-08-30."""
    headers = {"content-type": "application/x-www-form-urlencoded; charset=utf-8"}
    url = "https://iam.amazonaws.com/?Action=ListUsers&Version=2010-05-08"
    signed = sign("GET", url, headers, b"", keys=PUBLISHED, region="us-east-1", service="iam", now=NOW)
    assert signed["authorization"] == (
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, "
        "SignedHeaders=content-type;host;x-amz-date, "
        "Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7"
    )


@given(
    model=st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=1, max_size=10),
    suffix=st.sampled_from(["", "%3A0", "-v1%3A0"]),
    query=st.sampled_from(["", "?a=b", "?b=2&a=%20x", "?empty="]),
    body=st.binary(max_size=50),
    token=st.none() | st.just("session/token=="),
)
def test_signature_is_botocores(model: str, suffix: str, query: str, body: bytes, token: str | None):
    url = f"https://bedrock-runtime.eu-west-1.amazonaws.com/model/{model}{suffix}/converse{query}"
    keys = AwsKeys("AKID", "secret", token)
    ours = sign("POST", url, {"Content-Type": "application/json"}, body, keys=keys, region="eu-west-1",
                service="bedrock", now=NOW)  # fmt: skip
    request: Any = awsrequest.AWSRequest("POST", url, {"Content-Type": "application/json"}, body)
    theirs: Any = auth.SigV4Auth(credentials.Credentials(*keys), "bedrock", "eu-west-1")
    request.context["timestamp"] = NOW.strftime("%Y%m%dT%H%M%SZ")
    request.headers["X-Amz-Date"] = request.context["timestamp"]
    if token:
        request.headers["X-Amz-Security-Token"] = token
    canonical = theirs.canonical_request(request)
    signature = theirs.signature(theirs.string_to_sign(request, canonical), request)
    assert ours["authorization"].endswith(signature)


@pytest.mark.parametrize("secret", ["", "only", ":x", "x:"])
def test_key_that_is_no_pair_is_refused(secret: str):
    with pytest.raises(SettingsError):
        keys_of(secret)


HEADERS = st.dictionaries(
    st.text(st.characters(codec="ascii", categories=["L"]), min_size=1, max_size=8), st.text(max_size=8), max_size=3
)
MESSAGES = st.lists(st.builds(Message, HEADERS, st.binary(max_size=40)), min_size=1, max_size=4)


@given(MESSAGES, st.data())
def test_framing_is_botocores_in_any_pieces(messages: list[Message], data: st.DataObject):
    sent = b"".join(map(write, messages))
    theirs: Any = eventstream.EventStreamBuffer()
    theirs.add_data(sent)
    assert [Message(one.headers, one.payload) for one in theirs] == messages
    at = data.draw(st.integers(0, len(sent)))
    ours = EventStream()
    assert ours.feed(sent[:at]) + ours.feed(sent[at:]) == messages


@given(MESSAGES, st.data())
def test_a_changed_byte_is_noticed(messages: list[Message], data: st.DataObject):
    sent = bytearray(write(messages[0]))
    at = data.draw(st.integers(0, len(sent) - 1))
    sent[at] ^= 0xFF
    with pytest.raises(InvalidInput):
        EventStream().feed(bytes(sent))

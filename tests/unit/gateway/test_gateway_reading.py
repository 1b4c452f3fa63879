"""What is read of a request, and what is never taken."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from masthead.gateway.call import Call, Identity
from masthead.gateway.endpoints import MODELS, endpoint_of
from masthead.gateway.joining import place_of, run_of, user_of
from masthead.gateway.reading import call_of
from masthead.model.errors import InvalidInput
from masthead.model.ids import ProjectId

pytestmark = pytest.mark.unit


def call(body: bytes, path: str = "/v1/chat/completions", **headers: str) -> Call:
    endpoint = endpoint_of("POST", path)
    assert endpoint is not None
    given = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    scope: dict[str, Any] = {"headers": given, "method": "POST", "query_string": b""}
    return call_of(endpoint, Identity(ProjectId("p")), scope, body)


def test_members_pass_as_the_bytes_they_were() -> None:
    body = b'{"model":"m","messages":[{"role":"user","content":"\\u00e9 \xc3\xa9"}],"temperature":1.0,"n":1e0}'
    assert call(body).body == body


@pytest.mark.parametrize(
    "body",
    [
        b'{"model":"dear","model":"cheap"}',
        b'{"mod\\u0065l":"dear","model":"cheap"}',
        b'{"model":"dear","\\u006dodel":"cheap"}',
    ],
)
def test_a_model_named_twice_is_sent_once_as_it_was_checked(body: bytes) -> None:
    read = call(body)
    assert read.model == "cheap"
    assert read.body == b'{"model":"cheap"}'


NAMES = st.text(st.characters(codec="utf-8"), max_size=4)


@given(
    members=st.lists(st.tuples(NAMES | st.just("x"), st.integers() | NAMES, st.booleans()), max_size=6),
    blanks=st.tuples(*[st.sampled_from(["", " ", "\n"])] * 3),
)
def test_whatever_is_sent_on_names_each_member_once(
    members: list[tuple[str, int | str, bool]], blanks: tuple[str, str, str]
) -> None:
    colon, comma, end = (f":{blanks[0]}", f",{blanks[1]}", blanks[2])
    told: list[tuple[str, int | str, bool]] = [*members, ("model", "m", False)]
    parts = [json.dumps(name, ensure_ascii=is_escaped) + colon + json.dumps(value) for name, value, is_escaped in told]
    read = call(("{" + comma.join(parts) + "}" + end).encode())
    sent = json.loads(read.body, object_pairs_hook=list)
    assert dict(sent) == {name: value for name, value, _ in told}
    assert len(sent) == len(dict(sent))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b'"m"',
        b"{",
        b'{"model":1}',
        b'{"model":""}',
        b'{"model":null}',
        b'{"messages":[]}',
        b"\xff\xfe",
        b'{"model":"m","x":' + b"[" * 100_000,
    ],
)
def test_what_is_no_call_is_refused_with_its_place(body: bytes) -> None:
    with pytest.raises(InvalidInput):
        call(body)


@pytest.mark.parametrize(
    ("method", "path", "name"),
    [
        ("POST", "/v1/messages", "messages"),
        ("POST", "/v1/responses", "responses"),
        ("GET", "/v1/files/file-1/content", "passed_through"),
        ("POST", "/v1/audio/transcriptions", "passed_through"),
        ("POST", "/v1/images/edits", "passed_through"),
        ("GET", "/v1/files/../../admin", None),
        ("GET", "/v1/files/..", None),
        ("GET", "/v1/files/a%2f..", None),
        ("GET", "/v1/files//x", None),
        ("GET", "/v1/filesystem", None),
        ("GET", "/v1/nothing", None),
    ],
)
def test_only_known_paths_are_served(method: str, path: str, name: str | None) -> None:
    found = endpoint_of(method, path)
    assert (None if found is None else found.name) == name


def test_models_are_an_endpoint_of_their_own() -> None:
    assert endpoint_of("GET", "/v1/models") is MODELS
    assert endpoint_of("GET", "/v1/models/a/b") is MODELS


def test_a_call_joins_the_run_that_its_traceparent_names() -> None:
    place = place_of(call(b'{"model":"m"}', traceparent=f"00-{'a' * 32}-{'b' * 16}-01"))
    assert (place.trace_id, place.parent_span_id, place.is_said) == ("a" * 32, "b" * 16, True)


@pytest.mark.parametrize("value", ["", "00-x-y-01", f"00-{'0' * 32}-{'b' * 16}-01", f"00-{'A' * 32}-{'b' * 16}-01"])
def test_a_traceparent_that_is_none_is_no_run(value: str) -> None:
    assert not place_of(call(b'{"model":"m"}', traceparent=value)).is_said


def test_an_id_in_a_header_or_in_metadata_names_a_run_of_this_project_alone() -> None:
    by_header = place_of(call(b'{"model":"m"}', x_masthead_run="night-7"))
    by_metadata = place_of(call(b'{"model":"m","metadata":{"masthead_run":"night-7"}}'))
    other = call(b'{"model":"m"}')
    elsewhere = run_of(msgspec.structs.replace(other, identity=Identity(ProjectId("q"))), "night-7")
    assert by_header == by_metadata
    assert elsewhere != by_header.trace_id


def test_whom_a_call_is_made_for_is_read_from_either_dialect() -> None:
    assert user_of(call(b'{"model":"m","user":"ada"}')) == "ada"
    assert user_of(call(b'{"model":"m","metadata":{"user_id":"ada"}}', "/v1/messages")) == "ada"
    assert user_of(call(b'{"model":"m","user":7}')) is None

"""The model that a form or a passed-through body names is read as every server reads it, or refused."""

import pytest

from masthead.gateway.named_model import named_in, renamed
from masthead.model.errors import InvalidInput

pytestmark = pytest.mark.unit

FORM = b"multipart/form-data; boundary=xYz"


def form(*parts: tuple[str, bytes]) -> bytes:
    made = b"".join(b"--xYz\r\ncontent-disposition: form-data; %s\r\n\r\n%s\r\n" % (h.encode(), d) for h, d in parts)
    return made + b"--xYz--\r\n"


FILE = ('name="file"; filename="a.wav"\r\ncontent-type: audio/wav', b"RIFF\0\r\n\r\nmodel\xff--xY")


@pytest.mark.parametrize("name", ['name="model"', "name=model", 'NAME = "model"', "name='model'"])
def test_a_form_names_its_model_and_is_otherwise_left_alone(name: str):
    body = form(FILE, (name, b"whisper-1"), ('name="language"', b"en"))
    assert named_in(FORM, body).model == "whisper-1"
    assert renamed(FORM, body, "other") == form(FILE, (name, b"other"), ('name="language"', b"en"))


@pytest.mark.parametrize(
    "parts",
    [
        [('name="model"', b"cheap"), ("name=model", b"dear")],
        [('name="model"', b"cheap"), FILE, ('name="model"', b"cheap")],
        [("name*=utf-8''model", b"dear")],
    ],
)
def test_a_form_that_servers_may_read_differently_is_refused(parts: list[tuple[str, bytes]]):
    with pytest.raises(InvalidInput):
        named_in(FORM, form(*parts))


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        (FORM, b""),
        (b"multipart/form-data", form(('name="model"', b"m"))),
        (FORM, form(('name="models"', b"m"), ('name="file"; filename="model"', b"m"))),
        (b"application/octet-stream", b'{"model": "m"}'),
        (b"application/json", b'{"model": 5}'),
        (b"application/json", b"[1]"),
        (b"", b""),
    ],
)
def test_where_no_model_is_named_none_is_read(kind: bytes, body: bytes):
    named = named_in(kind, body)
    assert (named.model, named.body) == ("", body)


def test_a_json_body_with_two_models_names_the_one_that_is_sent():
    named = named_in(b"application/json; charset=utf-8", b'{"model":"cheap","a":1.50,"model":"dear"}')
    assert (named.model, named.body) == ("dear", b'{"model":"dear","a":1.50}')

"""Embeddings from OpenAI's dialect to vendors that have one of their own: Gemini, Vertex, Titan and Cohere on Bedrock.

Sources: the vendors' published references, the types of google-genai and the service model of botocore.
"""

import base64
import re
import struct
from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal, cast
from urllib.parse import quote

from masthead.providers.dialects.dialect import Dialect, Losses, refused
from masthead.providers.dialects.fields import Fields
from masthead.providers.dialects.plain import Asked, PlainTranslation

Family = Literal["gemini", "vertex", "titan", "cohere"]
_REGION: Final = re.compile(r"^(us|eu|apac|jp|au|global|us-gov)\.")


def family_of(dialect: Dialect, vendor_id: str, model: str) -> Family | None:
    """Return in which form a model's embeddings are asked for; None where there is none that is known here."""
    if dialect is Dialect.GEMINI:
        return "vertex" if vendor_id == "vertex" else "gemini"
    if dialect is Dialect.BEDROCK:
        name = _REGION.sub("", model)
        return "titan" if name.startswith("amazon.titan-embed") else "cohere" if name.startswith("cohere.") else None
    return None


def translate_embeddings(body: Mapping[str, Any], *, family: Family, model: str) -> PlainTranslation:
    """Return the call for a vendor of this family.

    Raises:
        InvalidInput: the body asks for what the vendor cannot do; `where` names the field.
    """
    losses = Losses()
    fields = Fields(body, "", losses)
    for name in ("model", "user"):
        fields.take(name)
    texts = _texts(fields.take("input"))
    encoding = fields.text("encoding_format") or "float"
    if encoding not in {"float", "base64"}:
        raise refused("encoding_format", f"must be float or base64, not {encoding!r}")
    path, asked, read = {"gemini": _gemini, "vertex": _vertex, "titan": _titan, "cohere": _cohere}[family](
        texts, model, fields
    )
    fields.finish()

    def told(answer: Mapping[str, Any], input_tokens: int | None) -> dict[str, Any]:
        vectors, counted = read(answer)
        if len(vectors) != len(texts):
            raise ValueError(f"{len(vectors)} embeddings for {len(texts)} texts")
        tokens = counted if counted is not None else input_tokens
        return {
            "object": "list",
            "data": [
                {"object": "embedding", "index": at, "embedding": _packed(one) if encoding == "base64" else list(one)}
                for at, one in enumerate(vectors)
            ],
            "model": model,
            "usage": None if tokens is None else {"prompt_tokens": tokens, "total_tokens": tokens},
        }

    target = Dialect.BEDROCK if family in {"titan", "cohere"} else Dialect.GEMINI
    return PlainTranslation(Asked(path, asked, told, losses), source=Dialect.OPENAI_CHAT, target=target)


_Vectors = tuple[list[Sequence[float]], int | None]
"""Embeddings in order, and the tokens that the answer counts."""


def _gemini(texts: Sequence[str], model: str, fields: Fields) -> tuple[str, dict[str, Any], Any]:
    name = model.removeprefix("models/")
    settings = {"outputDimensionality": fields.integer("dimensions"), "taskType": fields.text("task_type")}
    settings = {key: value for key, value in settings.items() if value is not None}
    requests = [{"model": f"models/{name}", "content": {"parts": [{"text": text}]}, **settings} for text in texts]

    def read(answer: Mapping[str, Any]) -> _Vectors:
        usage = cast("Mapping[str, Any]", answer.get("usageMetadata") or {})
        return [one["values"] for one in answer["embeddings"]], usage.get("promptTokenCount")

    return f"/models/{quote(name, safe='')}:batchEmbedContents", {"requests": requests}, read


def _vertex(texts: Sequence[str], model: str, fields: Fields) -> tuple[str, dict[str, Any], Any]:
    task, dimensions = fields.text("task_type"), fields.integer("dimensions")
    body: dict[str, Any] = {
        "instances": [{"content": text} | ({"task_type": task} if task is not None else {}) for text in texts]
    }
    if dimensions is not None:
        body["parameters"] = {"outputDimensionality": dimensions}

    def read(answer: Mapping[str, Any]) -> _Vectors:
        found: list[dict[str, Any]] = [one["embeddings"] for one in answer["predictions"]]
        told: list[dict[str, Any]] = [one.get("statistics") or {} for one in found]
        counts: list[float | None] = [one.get("token_count") for one in told]
        known = [int(count) for count in counts if count is not None]
        tokens = sum(known) if len(known) == len(counts) else None
        return [one["values"] for one in found], tokens

    return f"/models/{quote(model, safe='')}:predict", body, read


def _titan(texts: Sequence[str], model: str, fields: Fields) -> tuple[str, dict[str, Any], Any]:
    if len(texts) != 1:
        raise refused("input", f"Titan embeds one text a call, and this one has {len(texts)}")
    body: dict[str, Any] = {"inputText": texts[0]}
    dimensions = fields.integer("dimensions")
    if dimensions is not None:
        body["dimensions"] = dimensions

    def read(answer: Mapping[str, Any]) -> _Vectors:
        return [answer["embedding"]], answer.get("inputTextTokenCount")

    return f"/model/{quote(model, safe='')}/invoke", body, read


def _cohere(texts: Sequence[str], model: str, fields: Fields) -> tuple[str, dict[str, Any], Any]:
    kind, dimensions = fields.text("input_type"), fields.integer("dimensions")
    if kind is None:
        kind = "search_document"
        fields.losses.add("input_type", "Cohere wants one and none was given: search_document was set")
    body: dict[str, Any] = {"texts": list(texts), "input_type": kind, "embedding_types": ["float"]}
    if dimensions is not None:
        body["output_dimension"] = dimensions

    def read(answer: Mapping[str, Any]) -> _Vectors:
        found = answer["embeddings"]
        return (cast("dict[str, Any]", found)["float"] if isinstance(found, dict) else found), None

    return f"/model/{quote(model, safe='')}/invoke", body, read


def _texts(given: object) -> list[str]:
    if isinstance(given, str):
        return [given]
    if isinstance(given, list):
        items = cast("list[object]", given)
        if items and all(isinstance(one, str) for one in items):
            return cast("list[str]", items)
    raise refused("input", "must be a text or a list of texts; lists of tokens are of OpenAI's tokenizer alone")


def _packed(vector: Sequence[float]) -> str:
    """Return an embedding as OpenAI packs it: 32-bit floats, little end first, in base64."""
    return base64.b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode()

"""Who serves models: where, in which dialect, with which key. A table, and what follows from a row of it."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, Literal, NamedTuple
from urllib.parse import quote, urlsplit

from masthead.model.errors import NotFound, SettingsError
from masthead.providers.dialects.dialect import Dialect
from masthead.providers.sigv4 import keys_of, sign


class Auth(StrEnum):
    """How a vendor wants its key: the header, or Amazon's signature."""

    BEARER = "authorization: Bearer"
    X_API_KEY = "x-api-key"
    API_KEY = "api-key"
    GOOGLE = "x-goog-api-key"
    AWS = "AWS signature 4, or a bearer token"
    NONE = "none"


Proof = Literal["scripted", "documented"]
"""scripted: our tests drive its dialect's shapes and streams; documented: by the vendor's own pages alone."""
_CHAT: Final = (Dialect.OPENAI_CHAT,)
_BOTH: Final = (Dialect.OPENAI_CHAT, Dialect.OPENAI_RESPONSES)


class Vendor(NamedTuple):
    """One row. `base_url` may hold names in braces which a connection must fill; None has to be given whole."""

    id: str
    name: str
    base_url: str | None
    dialects: tuple[Dialect, ...] = _CHAT
    """The first one is what other dialects are translated into."""
    auth: Auth = Auth.BEARER
    key_env: str | None = None
    limit_field: str = "max_tokens"
    """What its chat completions call the limit of output tokens."""
    proof: Proof = "documented"
    prices_as: str | None = None
    """Its id in the catalogue of prices, where it is another."""
    limits_as: str | None = None
    """Its id in the catalogue of limits and capabilities, where it is another."""
    span_name: str | None = None
    """`gen_ai.provider.name`, where OpenTelemetry has another name for it."""


_LOCAL: Final = "http://127.0.0.1"
_ROWS: Final = (
    Vendor(
        "openai", "OpenAI", "https://api.openai.com/v1", _BOTH, key_env="OPENAI_API_KEY",
        limit_field="max_completion_tokens", proof="scripted",
    ),
    Vendor(
        "azure", "Azure OpenAI", "https://{resource}.openai.azure.com", _BOTH, Auth.API_KEY, "AZURE_OPENAI_API_KEY",
        limit_field="max_completion_tokens", span_name="azure.ai.openai",
    ),
    Vendor(
        "anthropic", "Anthropic", "https://api.anthropic.com/v1", (Dialect.ANTHROPIC,), Auth.X_API_KEY,
        "ANTHROPIC_API_KEY", proof="scripted",
    ),
    Vendor(
        "google", "Google Gemini", "https://generativelanguage.googleapis.com/v1beta", (Dialect.GEMINI,), Auth.GOOGLE,
        "GEMINI_API_KEY", proof="scripted", span_name="gcp.gemini",
    ),
    Vendor(
        "vertex", "Google Vertex AI",
        "https://{region}-aiplatform.googleapis.com/v1/projects/{project}/locations/{region}/publishers/google",
        (Dialect.GEMINI,), Auth.BEARER, "VERTEX_ACCESS_TOKEN", prices_as="google", limits_as="google-vertex",
        span_name="gcp.vertex_ai",
    ),
    Vendor(
        "vertex-anthropic", "Claude on Vertex AI",
        "https://{region}-aiplatform.googleapis.com/v1/projects/{project}/locations/{region}/publishers/anthropic",
        (Dialect.ANTHROPIC,), Auth.BEARER, "VERTEX_ACCESS_TOKEN", prices_as="google",
        limits_as="google-vertex-anthropic", span_name="gcp.vertex_ai",
    ),
    Vendor(
        "bedrock", "Amazon Bedrock", "https://bedrock-runtime.{region}.amazonaws.com", (Dialect.BEDROCK,), Auth.AWS,
        "AWS_BEARER_TOKEN_BEDROCK", proof="scripted", prices_as="aws", limits_as="amazon-bedrock",
        span_name="aws.bedrock",
    ),
    Vendor("mistral", "Mistral", "https://api.mistral.ai/v1", key_env="MISTRAL_API_KEY", span_name="mistral_ai"),
    Vendor("cohere", "Cohere", "https://api.cohere.ai/compatibility/v1", key_env="COHERE_API_KEY"),
    Vendor(
        "groq", "Groq", "https://api.groq.com/openai/v1", key_env="GROQ_API_KEY", limit_field="max_completion_tokens",
    ),
    Vendor("together", "Together", "https://api.together.xyz/v1", key_env="TOGETHER_API_KEY", limits_as="togetherai"),
    Vendor(
        "fireworks", "Fireworks", "https://api.fireworks.ai/inference/v1", key_env="FIREWORKS_API_KEY",
        limits_as="fireworks-ai",
    ),
    Vendor("deepseek", "DeepSeek", "https://api.deepseek.com", key_env="DEEPSEEK_API_KEY"),
    Vendor(
        "xai", "xAI", "https://api.x.ai/v1", _BOTH, key_env="XAI_API_KEY", limit_field="max_completion_tokens",
        prices_as="x-ai", span_name="x_ai",
    ),
    Vendor("openrouter", "OpenRouter", "https://openrouter.ai/api/v1", key_env="OPENROUTER_API_KEY"),
    Vendor("perplexity", "Perplexity", "https://api.perplexity.ai", key_env="PERPLEXITY_API_KEY"),
    Vendor(
        "cerebras", "Cerebras", "https://api.cerebras.ai/v1", key_env="CEREBRAS_API_KEY",
        limit_field="max_completion_tokens",
    ),
    Vendor("nvidia", "NVIDIA NIM", "https://integrate.api.nvidia.com/v1", key_env="NVIDIA_API_KEY"),
    Vendor("sambanova", "SambaNova", "https://api.sambanova.ai/v1", key_env="SAMBANOVA_API_KEY"),
    Vendor("huggingface", "Hugging Face router", "https://router.huggingface.co/v1", key_env="HF_TOKEN"),
    Vendor("moonshot", "Moonshot", "https://api.moonshot.ai/v1", key_env="MOONSHOT_API_KEY", prices_as="moonshotai",
           limits_as="moonshotai"),
    Vendor("zai", "Z.ai", "https://api.z.ai/api/paas/v4", key_env="ZAI_API_KEY"),
    Vendor(
        "alibaba", "Alibaba Model Studio", "https://dashscope-intl.aliyuncs.com/compatible-mode/v1",
        key_env="DASHSCOPE_API_KEY",
    ),
    Vendor("minimax", "MiniMax", "https://api.minimax.io/v1", key_env="MINIMAX_API_KEY"),
    Vendor("deepinfra", "DeepInfra", "https://api.deepinfra.com/v1/openai", key_env="DEEPINFRA_API_KEY"),
    Vendor("nebius", "Nebius", "https://api.studio.nebius.com/v1", key_env="NEBIUS_API_KEY"),
    Vendor("novita", "Novita", "https://api.novita.ai/v3/openai", key_env="NOVITA_API_KEY", limits_as="novita-ai"),
    Vendor("databricks", "Databricks", "https://{host}/serving-endpoints", key_env="DATABRICKS_TOKEN"),
    Vendor(
        "github", "GitHub Models", "https://models.github.ai/inference", key_env="GITHUB_TOKEN",
        limits_as="github-models",
    ),
    Vendor("ollama", "Ollama", f"{_LOCAL}:11434/v1", auth=Auth.NONE),
    Vendor("vllm", "vLLM", f"{_LOCAL}:8000/v1", auth=Auth.NONE),
    Vendor("llama.cpp", "llama.cpp", f"{_LOCAL}:8080/v1", auth=Auth.NONE, proof="scripted"),
    Vendor("lmstudio", "LM Studio", f"{_LOCAL}:1234/v1", auth=Auth.NONE),
    Vendor("openai-compatible", "any other that speaks OpenAI's dialect", None, proof="scripted"),
)  # fmt: skip
VENDORS: Final[Mapping[str, Vendor]] = {row.id: row for row in _ROWS}
_OTHER_NAMES: Final[Mapping[str, str]] = {row.span_name: row.id for row in _ROWS if row.span_name} | {
    "gcp.vertex_ai": "vertex", "gcp.gen_ai": "google", "az.ai.openai": "azure", "gemini": "google", "aws": "bedrock",
    "x-ai": "xai", "llamacpp": "llama.cpp", "lm_studio": "lmstudio", "vertex_ai": "vertex", "moonshotai": "moonshot",
}  # fmt: skip


def known_vendor(name: str) -> Vendor | None:
    """Return the vendor of that id, or of the name that OpenTelemetry has for it; None where there is none."""
    return VENDORS.get(_OTHER_NAMES.get(name.lower(), name.lower()))


def vendor_of(provider: str) -> Vendor:
    """Return the vendor of a connection's provider; one that is unknown speaks OpenAI's dialect."""
    return known_vendor(provider) or VENDORS["openai-compatible"]


def vendor(name: str) -> Vendor:
    """Return the vendor of that id, or of the name that OpenTelemetry has for it.

    Raises:
        NotFound: there is none; one that speaks OpenAI's dialect is reached as `openai-compatible`.
    """
    known = known_vendor(name)
    if known is None:
        raise NotFound(
            f"no vendor {name!r} is known: use `openai-compatible` with a base URL, or one of {list(VENDORS)}"
        )
    return known


def base_url_of(row: Vendor, given: str | None, parts: Mapping[str, str] | None = None) -> str:
    """Return where the vendor is: as given, or its own address with the names in it filled.

    Raises:
        SettingsError: the address is not known, or a name in it was not given.
    """
    if given:
        return given.rstrip("/")
    if row.base_url is None:
        raise SettingsError(f"{row.name} has no address of its own: give a base URL")
    try:
        return row.base_url.format_map(dict(parts or {}))
    except KeyError as error:
        raise SettingsError(f"the address of {row.name} is {row.base_url}: give {error.args[0]!r}") from error


def endpoint(
    row: Vendor, base_url: str, dialect: Dialect, model: str, *, is_stream: bool, api_version: str | None = None
) -> str:
    """Return the URL that a call of a model goes to. `api_version` is Azure's: with one, its deployments are asked."""
    base = base_url.rstrip("/")
    name = quote(model, safe="")
    match dialect:
        case Dialect.GEMINI:
            path = quote(model.removeprefix("models/"), safe="")
            return f"{base}/models/{path}:" + ("streamGenerateContent?alt=sse" if is_stream else "generateContent")
        case Dialect.BEDROCK:
            return f"{base}/model/{name}/" + ("converse-stream" if is_stream else "converse")
        case Dialect.ANTHROPIC if row.id == "vertex-anthropic":
            return f"{base}/models/{name}:" + ("streamRawPredict" if is_stream else "rawPredict")
        case Dialect.ANTHROPIC:
            return f"{base}/messages"
        case Dialect.OPENAI_RESPONSES:
            tail = "responses"
        case Dialect.OPENAI_CHAT:
            tail = "chat/completions"
    if row.id != "azure":
        return f"{base}/{tail}"
    return azure_url(base, f"/{tail}", model if dialect is Dialect.OPENAI_CHAT else "", api_version)


def azure_url(base_url: str, path: str, model: str, api_version: str | None) -> str:
    """Return where Azure answers a path of OpenAI's: at a deployment where a version is named and a model."""
    base = base_url.rstrip("/").removesuffix("/openai/v1")
    query = f"?api-version={quote(api_version)}" if api_version else ""
    if query and model:
        return f"{base}/openai/deployments/{quote(model, safe='')}{path}{query}"
    return f"{base}/openai/v1{path}{query}"


def auth_headers(
    row: Vendor, secret: str | None, *, url: str = "", body: bytes = b"", now: datetime | None = None,
    headers: Mapping[str, str] | None = None,
) -> dict[str, str]:  # fmt: skip
    """Return the headers that prove who asks. Amazon's signature is of the URL, the body and the time `now` (UTC).

    Raises:
        SettingsError: the key is not of the kind that the vendor wants.
    """
    extra = {"anthropic-version": "2023-06-01"} if Dialect.ANTHROPIC in row.dialects else {}
    if not secret:
        return extra
    match row.auth:
        case Auth.X_API_KEY:
            return {**extra, "x-api-key": secret}
        case Auth.API_KEY:
            return {"api-key": secret}
        case Auth.GOOGLE:
            return {"x-goog-api-key": secret}
        case Auth.AWS if ":" in secret:
            if now is None:
                raise SettingsError("Amazon's signature needs the time")
            region = region_of(url)
            keys = keys_of(secret)
            return sign("POST", url, headers or {}, body, keys=keys, region=region, service="bedrock", now=now)
        case _:
            return {**extra, "authorization": f"Bearer {secret}"}


def region_of(url: str) -> str:
    """Return the region in an address of Amazon's, also of an endpoint within a private cloud (`vpce-….bedrock-…`).

    Raises:
        SettingsError: there is none in it.
    """
    labels = (urlsplit(url).hostname or "").split(".")
    at = next((number for number, label in enumerate(labels) if label.startswith("bedrock")), None)
    if at is None or len(labels) < at + 3:
        raise SettingsError(
            f"no region can be read in {url!r}: it should be like bedrock-runtime.eu-central-1.amazonaws.com"
        )
    return labels[at + 1]


def check_amazon(secret: str, base_url: str) -> None:
    """Find out before the first call whether requests to an address of Amazon's can be signed with a key.

    Raises:
        SettingsError: the key is none of Amazon's, or no region can be read in the address.
    """
    if ":" in secret:
        keys_of(secret)
        region_of(base_url)


def fitted_body(row: Vendor, body: Mapping[str, Any]) -> dict[str, Any]:
    """Return the body as the vendor wants it: Claude on Vertex has its model in the address, a version in the body."""
    if row.id != "vertex-anthropic":
        return dict(body)
    return {"anthropic_version": "vertex-2023-10-16"} | {name: value for name, value in body.items() if name != "model"}


def page() -> str:
    """Return the reference page of vendors."""
    lines = [
        "# Vendors\n",
        "Whom a connection may name as its provider. **scripted**: our tests drive its dialect's requests, answers,",
        "streams, errors and signature against a server that speaks it; no vendor's own server was asked.",
        "**documented**: address, key and dialect are as the vendor's pages have them, and nothing of it was tried.",
        "Any other vendor of OpenAI's dialect is reached as `openai-compatible` with its base URL.\n",
        "| id | vendor | address | dialects | key in | environment variable | proof |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in VENDORS.values():
        spoken = ", ".join(f"`{dialect.value}`" for dialect in row.dialects)
        address = f"`{row.base_url}`" if row.base_url else "must be given"
        key = f"`{row.key_env}`" if row.key_env else "–"
        lines.append(f"| `{row.id}` | {row.name} | {address} | {spoken} | {row.auth.value} | {key} | {row.proof} |")
    lines.append(
        "\nA key for Bedrock is a bearer token, or `ACCESS_KEY:SECRET_KEY[:SESSION_TOKEN]`, which signs every request."
        " A key for Vertex is the key file of a service account (`file:/run/secrets/vertex.json`), whose tokens are"
        " renewed before they expire, or an access token (`gcloud auth print-access-token`, an hour long)."
    )
    return "\n".join(lines)

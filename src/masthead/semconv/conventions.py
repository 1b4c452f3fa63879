"""Every convention, in order of precedence."""

from masthead.semconv.genai import GENAI
from masthead.semconv.langfuse import LANGFUSE
from masthead.semconv.masthead import MASTHEAD
from masthead.semconv.openinference import OPENINFERENCE
from masthead.semconv.pydantic_ai import PYDANTIC_AI
from masthead.semconv.table import Convention
from masthead.semconv.traceloop import TRACELOOP
from masthead.semconv.vercel import VERCEL

ALL: tuple[Convention, ...] = (MASTHEAD, LANGFUSE, GENAI, OPENINFERENCE, TRACELOOP, VERCEL, PYDANTIC_AI)
"""Our own names first, because whoever writes them means them; Langfuse's second, because its SDK puts them on top of
what an instrumentation wrote; the standard before the rest."""

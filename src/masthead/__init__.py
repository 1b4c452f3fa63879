"""Masthead records multi-agent LLM runs, says why they failed, and guards the live system with the same code.

Importing this package does nothing: the recording entry points are loaded on first use, so a program that only
records pays for nothing else.
"""

from importlib import import_module
from importlib.metadata import version as _installed_version
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from masthead.record import agent, flush, handoff, init, llm, run, span, tool

__all__ = ["__version__", "agent", "flush", "handoff", "init", "llm", "run", "span", "tool"]
__version__ = _installed_version("masthead")


def __getattr__(name: str) -> object:
    """Load a recording entry point (`masthead.init`, `masthead.run`, …) on first use."""
    if name in __all__:
        return getattr(import_module("masthead.record"), name)
    raise AttributeError(f"module 'masthead' has no attribute {name!r}")

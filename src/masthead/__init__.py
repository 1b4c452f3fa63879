"""Masthead records multi-agent LLM runs, says why they failed, and guards the live system with the same code.

Importing this package does nothing: the recording entry points are loaded on first use, so a program that only
records pays for nothing else.
"""

from importlib import import_module
from importlib.metadata import version as _installed_version

__version__ = _installed_version("masthead")

_RECORDING = frozenset({"agent", "flush", "handoff", "init", "llm", "run", "span", "tool"})


def __getattr__(name: str) -> object:
    """Load a recording entry point (`masthead.init`, `masthead.run`, …) on first use."""
    if name in _RECORDING:
        return getattr(import_module("masthead.record"), name)
    raise AttributeError(f"module 'masthead' has no attribute {name!r}")

"""Detectors: code that reads turns one at a time and yields findings, offline for diagnosis and live as a guard.

Pure: no I/O, no model call, no clock; state is bounded.
"""

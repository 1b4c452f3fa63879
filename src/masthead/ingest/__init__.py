"""The one door in: validate, redact, price, append. OTLP and the importers hand their spans to it.

What was acknowledged is on disk; what was refused says why.
"""

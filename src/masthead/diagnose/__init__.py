"""Findings for a run: detectors (and judges), where the failure began, how it spread, what it cost, what to change."""

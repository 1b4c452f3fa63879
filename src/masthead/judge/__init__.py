"""Evaluators and their calibration against people. A verdict never appears without its measured agreement."""

"""Aggregates, comparisons and exports over stored runs. Reads only."""

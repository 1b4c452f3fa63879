"""Failure modes as data: MAST and user codebooks, loaded, versioned and mapped onto one another."""

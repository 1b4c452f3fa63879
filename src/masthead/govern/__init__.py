"""Keys, roles, the hash-chained audit log, retention and erasure."""

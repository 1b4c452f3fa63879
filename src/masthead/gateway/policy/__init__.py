"""Policy: who may call what, how much, where it goes, and what happens when that fails."""

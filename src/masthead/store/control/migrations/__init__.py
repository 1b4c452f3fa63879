"""The history of control data's tables: numbered, forward only, never edited once released."""

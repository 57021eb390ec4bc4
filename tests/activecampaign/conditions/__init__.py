"""Definitions as sentences, as what changed, and as rows."""

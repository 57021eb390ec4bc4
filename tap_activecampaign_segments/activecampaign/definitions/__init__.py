"""Segment definitions: their versions, and what each of them says."""

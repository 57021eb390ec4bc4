"""Adaptations of the Singer SDK."""

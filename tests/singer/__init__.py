"""Tests of what is adapted in the SDK."""

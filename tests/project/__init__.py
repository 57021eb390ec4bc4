"""Tests of the repository around the package."""

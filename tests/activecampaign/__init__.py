"""Tests of the first source."""

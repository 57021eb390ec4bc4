"""Tests of the second source."""

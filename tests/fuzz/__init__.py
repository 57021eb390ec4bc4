"""Tests with random input. All are deterministic unless FUZZ or HISTORIES is set."""

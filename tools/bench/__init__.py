"""Benchmark: what a sync costs, compared with what it could cost."""

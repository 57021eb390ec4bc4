"""The benchmark: what a sync costs, side by side with what it could cost."""

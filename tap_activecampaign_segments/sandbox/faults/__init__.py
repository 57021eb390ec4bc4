"""Faults: which kinds there are, when they apply, and how they alter responses."""

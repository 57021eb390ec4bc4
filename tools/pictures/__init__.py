"""The pictures of README.md: how the streams hang together, and what some weeks of syncs bring."""

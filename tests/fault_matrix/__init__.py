"""The fault matrix: its table, and the world in which each row of it is tried."""

"""The log of a sync: the fields of its lines, progress, and the summary at the end."""

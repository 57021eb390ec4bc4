"""Match-all runs: a segment is evaluated and compared with its last run."""

"""Programs for maintainers: the benchmark, the Hub's entry, the pictures."""

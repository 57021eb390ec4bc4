"""The dbt package, on real databases that real loaders filled.

Not in the quick suite: make dbt runs it.
"""

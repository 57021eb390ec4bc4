"""The dbt package: what its models say, and in which dialects."""

"""End-to-end tests with real Meltano, loaders and PostgreSQL: `make e2e`."""

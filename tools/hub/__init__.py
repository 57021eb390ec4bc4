"""The tap's entry for the Meltano Hub: ``python -m tools.hub``."""

"""Generates the tap's entry for the Meltano Hub."""

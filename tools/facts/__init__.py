"""Generates the tables of the docs that list what the tap assumes of ActiveCampaign's API."""

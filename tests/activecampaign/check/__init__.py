"""The command `activecampaign-check`."""

"""The command ``activecampaign-check``: puts what the tap assumes of the API to a real account."""

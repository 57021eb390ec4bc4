"""Singer tap for ActiveCampaign segments and MyPreferences segment groups."""

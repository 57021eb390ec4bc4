"""The first source: ActiveCampaign's segments."""

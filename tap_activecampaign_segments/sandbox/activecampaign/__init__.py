"""ActiveCampaign: an account with segments, and the Segments API on it."""

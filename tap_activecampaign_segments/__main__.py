"""Run the tap: `python -m tap_activecampaign_segments`."""

from tap_activecampaign_segments.tap import TapActiveCampaignSegments

if __name__ == "__main__":
    TapActiveCampaignSegments.cli(prog_name=TapActiveCampaignSegments.name)

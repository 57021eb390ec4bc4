"""The tap's command with an accelerated clock: `START PACE [ARGUMENTS …]`."""

from __future__ import annotations

import sys

from tap_activecampaign_segments.tap import TapActiveCampaignSegments
from tools.bench.fast_clock import FastClock

if __name__ == "__main__":
    start, pace = map(float, sys.argv[1:3])
    TapActiveCampaignSegments.clock = FastClock(start, pace)
    TapActiveCampaignSegments.cli(sys.argv[3:])

"""The tap's command where time goes by faster: start and pace come before its own arguments."""

from __future__ import annotations

import sys

from tap_activecampaign_segments.tap import TapActiveCampaignSegments
from tools.bench.pace import FastClock

if __name__ == "__main__":
    start, pace = map(float, sys.argv[1:3])
    TapActiveCampaignSegments.clock = FastClock(start, pace)
    TapActiveCampaignSegments.cli(sys.argv[3:])

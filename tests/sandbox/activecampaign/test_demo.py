"""The demo account."""

from __future__ import annotations

import pytest

from tap_activecampaign_segments.sandbox import Account
from tests.sandbox.client import NOW


class TestDemo:
    def test_depends_on_the_seed(self) -> None:
        first, second, other = (Account.demo(seed, NOW) for seed in (1, 1, 2))
        assert [s.segment_id for s in first.segments] == [s.segment_id for s in second.segments]
        assert [s.members for s in first.segments] == [s.members for s in second.segments]
        assert [s.counts for s in first.segments] == [s.counts for s in second.segments]
        assert first.segments[0].members != other.segments[0].members

    def test_has_segments_of_many_sizes_and_ages(self) -> None:
        account = Account.demo(now=NOW)
        saved = [segment for segment in account.segments if segment.name]
        assert len(saved) == 8
        assert len(account.segments) == 9
        assert {0, 1} < {len(segment.members) for segment in saved}
        assert max(len(segment.members) for segment in saved) > 20_000
        assert max(len(segment.versions) for segment in saved) > 3
        assert all(50 < len(segment.counts) < 170 for segment in saved)
        assert [s.name for s in saved if s.evaluation_seconds > 4] == ["Newsletter"]
        for segment in saved:
            assert all(version.created < NOW for version in segment.versions)
            assert all(segment.versions[0].created < count.at < NOW for count in segment.counts)
            last = max(segment.counts, key=lambda count: count.at)
            assert last.result_count == pytest.approx(len(segment.members), rel=0.05, abs=1)

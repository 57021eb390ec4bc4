"""The client and its generated profiles."""

from __future__ import annotations

from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

import requests

from tap_activecampaign_segments.sandbox import Preferences
from tests.sandbox.client import NOW, stamp

if TYPE_CHECKING:
    from tap_activecampaign_segments.sandbox import VirtualClock
    from tests.sandbox.client import ExportsClient

KNOWN_FIELDS = {
    "ProfileId",
    "IsActive",
    "RegistrationConfirmed",
    "PreservePreferences",
    "PreserveConsents",
    "CustomerType",
    "DefaultLocale",
    "CustomerName",
    "Edited",
    "Consents",
    "ProfilePreferences",
    "AlternateIds",
    "Addresses",
    "PhoneNumbers",
    "Emails",
    "Groups",
    "ProfileTags",
    "CustomFields",
    "ReasonCode",
}


class TestPreferences:
    def test_generated_profiles_depend_on_the_seed(self) -> None:
        one, same, other = (Preferences(seed).add_group("a", 50).profiles for seed in (1, 1, 2))
        assert one == same != other

    def test_generated_profiles_vary_in_their_fields(self) -> None:
        profiles = Preferences().add_group("a", 200).profiles
        assert len({profile["ProfileId"] for profile in profiles}) == 200
        assert any(profile.keys() - KNOWN_FIELDS for profile in profiles)
        assert any(KNOWN_FIELDS - profile.keys() for profile in profiles)
        assert any(profile["CustomerName"] is None for profile in profiles)
        assert all(profile["Emails"] and profile["Consents"] for profile in profiles)
        assert {name for profile in profiles for name in profile} >= KNOWN_FIELDS

    def test_generated_deletions_have_three_fields(self) -> None:
        profiles = Preferences().add_group("gone", 9, deleted=True).profiles
        assert {frozenset(each) for each in profiles} == {
            frozenset({"ProfileId", "DateDeleted", "ReasonCode"})
        }

    def test_churn_changes_the_profiles(self, vendor: ExportsClient, clock: VirtualClock) -> None:
        group = vendor.preferences.add_group("drifting", 100, churn=0.1)
        clock.advance(60)
        first = set(vendor.ids(vendor.export("drifting")))
        second = set(vendor.ids(vendor.export("drifting")))
        assert (len(first), len(second), len(first - second)) == (100, 100, 5)
        changed = vendor.ids(vendor.export("drifting", LastDateTime=stamp(NOW)))
        assert second - first <= set(changed)
        assert len(group.exports) == 3

    def test_the_demo_has_two_groups(self) -> None:
        preferences = Preferences.demo(3, NOW)
        assert [len(group.profiles) for group in preferences.groups] == [2500, 40]
        assert preferences.groups[1].profiles[-1]["ReasonCode"]
        assert preferences.client_id == Preferences(3).client_id

    def test_the_rate_limit_is_activecampaigns_alone(self, vendor: ExportsClient) -> None:
        assert {vendor.initiate().status_code for _ in range(20)} == {200}
        headers = {"Api-Token": vendor.sandbox.token}
        url = f"{vendor.sandbox.url}/api/3/segmentsV2/x"
        assert requests.get(url, headers=headers, timeout=10).status_code == 404
        assert "RateLimit-Limit" not in vendor.initiate().headers

    def test_clock_skew_is_mypreferences_alone(self, vendor: ExportsClient) -> None:
        vendor.preferences.clock_skew = 3600
        response = requests.get(f"{vendor.sandbox.url}/api/3/audiences", timeout=10)
        assert parsedate_to_datetime(response.headers["Date"]).timestamp() == NOW

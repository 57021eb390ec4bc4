"""Exports: status, pages, commit."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.sandbox.client import NOW, PROFILES

if TYPE_CHECKING:
    from tap_activecampaign_segments.sandbox import VirtualClock
    from tests.sandbox.client import ExportsClient


class TestStatus:
    def test_is_complete_after_processing(self, vendor: ExportsClient, clock: VirtualClock) -> None:
        group = vendor.preferences.groups[0]
        group.processing_seconds = 10
        export = vendor.export()
        waiting = {"AccessToken": export.token, "RowCount": None, "ByteCount": None}
        assert vendor.status(export) == {**waiting, "Status": "Processing"}
        clock.advance(9)
        assert vendor.status(export) == {**waiting, "Status": "Processing"}
        clock.advance(1)
        answer = vendor.status(export)
        assert (answer["Status"], answer["RowCount"]) == ("Complete", 7)
        assert answer["ByteCount"] > 7

    @pytest.mark.parametrize(("cause", "status"), [("fails", "Failed"), ("errors", "Error")])
    def test_can_end_as_failed_or_error(
        self, vendor: ExportsClient, clock: VirtualClock, cause: str, status: str
    ) -> None:
        group = vendor.preferences.groups[0]
        group.processing_seconds = 10
        setattr(group, cause, True)
        export = vendor.export()
        assert vendor.status(export)["Status"] == "Processing"
        clock.advance(10)
        assert vendor.status(export) == {
            "AccessToken": export.token,
            "Status": status,
            "RowCount": None,
            "ByteCount": None,
        }
        assert vendor.data(export).status_code == 400

    def test_expired_cannot_be_read(self, vendor: ExportsClient, clock: VirtualClock) -> None:
        export = vendor.export()
        export.expires_at = NOW + 100
        assert vendor.ids(export)
        clock.advance(100)
        assert vendor.status(export)["Status"] == "Expired"
        assert vendor.data(export).status_code == 400
        assert vendor.commit(export).status_code == 400

    def test_expires_after_its_lifetime(self, vendor: ExportsClient, clock: VirtualClock) -> None:
        export = vendor.export()
        clock.advance(vendor.preferences.groups[0].lifetime)
        assert export.status == "Expired"

    def test_can_be_changed_per_export(self, vendor: ExportsClient) -> None:
        first, second = vendor.export(), vendor.export()
        first.fails = True
        assert [vendor.status(each)["Status"] for each in (first, second)] == ["Failed", "Complete"]


class TestData:
    def test_offsets_start_at_one(self, vendor: ExportsClient) -> None:
        export = vendor.export()
        pages = [
            vendor.data(export, f"limit=3&offset={offset}&keepAlive=true").json()
            for offset in (1, 4, 7, 8)
        ]
        assert [[each["ProfileId"] for each in page.pop(PROFILES)] for page in pages] == [
            [1, 2, 3],
            [4, 5, 6],
            [7],
            [],
        ]
        assert pages == [
            {
                "Count": count,
                "HasMore": offset < 7,
                "Limit": 3,
                "Offset": offset,
                "TotalResults": 7,
            }
            for offset, count in ((1, 3), (4, 3), (7, 1), (8, 0))
        ]

    def test_default_limit_is_1000(self, vendor: ExportsClient) -> None:
        vendor.preferences.add_group("many", 1001)
        export = vendor.export("many")
        page = vendor.data(export).json()
        assert (page["Count"], page["Limit"], page["Offset"], page["HasMore"]) == (
            1000,
            1000,
            1,
            True,
        )
        assert len(vendor.ids(export, "limit=5000&keepAlive=true")) == 1001

    def test_an_empty_group_has_an_empty_page(self, vendor: ExportsClient) -> None:
        vendor.preferences.add_group("empty")
        page = vendor.data(vendor.export("empty")).json()
        assert (page["Count"], page["HasMore"], page["TotalResults"]) == (0, False, 0)

    @pytest.mark.parametrize(
        "query",
        [
            "offset=0",
            "offset=-1",
            "offset=x",
            "limit=0",
            "limit=",
            "limit=1.5",
            "keepAlive=1",
            "keepAlive=True",
            "keepAlive=",
            "keepalive=true",
        ],
    )
    def test_rejects_invalid_parameters(self, vendor: ExportsClient, query: str) -> None:
        export = vendor.export()
        assert vendor.data(export, query).status_code == 400
        assert export.status == "Complete"

    def test_cannot_be_read_while_processing(self, vendor: ExportsClient) -> None:
        vendor.preferences.groups[0].processing_seconds = 10
        export = vendor.export()
        response = vendor.data(export)
        assert (response.status_code, set(response.json())) == (400, {"Message"})
        assert vendor.commit(export).status_code == 400

    @pytest.mark.parametrize("query", ["limit=4", "limit=4&keepAlive=false"])
    def test_last_page_ends_it_unless_kept_alive(self, vendor: ExportsClient, query: str) -> None:
        export = vendor.export()
        assert vendor.ids(export, query) == [1, 2, 3, 4]
        assert vendor.status(export)["Status"] == "Complete"
        assert vendor.ids(export, f"{query}&offset=5") == [5, 6, 7]
        assert vendor.status(export)["Status"] == "Retrieved"
        assert vendor.data(export, f"{query}&offset=5").status_code == 400

    def test_can_be_read_again_if_kept_alive(self, vendor: ExportsClient) -> None:
        export = vendor.export()
        assert vendor.ids(export) == vendor.ids(export) == list(range(1, 8))

    def test_is_a_snapshot_of_the_start(self, vendor: ExportsClient) -> None:
        export = vendor.export()
        vendor.preferences.groups[0].profiles = []
        assert len(vendor.ids(export)) == 7

    def test_profiles_are_unchanged(self, vendor: ExportsClient) -> None:
        profile = {"ProfileId": 5, "Emails": None, "Ünknown": {"a": [1, 2.5, None, "ß"]}}
        vendor.preferences.groups[0].profiles = [profile, profile]
        assert vendor.data(vendor.export()).json()[PROFILES] == [profile, profile]

    def test_rejects_a_profile_without_an_id(self, vendor: ExportsClient) -> None:
        with pytest.raises(TypeError, match="ProfileId"):
            vendor.preferences.add_group("odd", [{"IsActive": True}])

    def test_group_names_are_unique(self, vendor: ExportsClient) -> None:
        with pytest.raises(ValueError, match="already"):
            vendor.preferences.add_group("VIP")


class TestCommit:
    def test_export_is_retrieved_without_its_files(self, vendor: ExportsClient) -> None:
        export = vendor.export()
        response = vendor.commit(export)
        assert response.status_code == 200
        assert (export.committed, export.keep_files) == (True, False)
        assert vendor.status(export)["Status"] == "Retrieved"
        assert vendor.data(export).status_code == 400
        assert vendor.commit(export).status_code == 400

    def test_export_stays_readable_with_its_files(self, vendor: ExportsClient) -> None:
        export = vendor.export()
        vendor.commit(export, "keepFiles=true")
        assert (export.committed, export.keep_files) == (True, True)
        assert len(vendor.ids(export)) == 7

    @pytest.mark.parametrize("query", ["keepFiles=no", "keepFiles=1", "keepAlive=true"])
    def test_rejects_invalid_parameters(self, vendor: ExportsClient, query: str) -> None:
        export = vendor.export()
        assert vendor.commit(export, query).status_code == 400
        assert not export.committed

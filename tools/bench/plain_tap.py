"""Plain tap for one result, written as in the SDK's tutorial, without any override for speed.

The run is given: it neither starts it nor waits for it.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from singer_sdk import RESTStream, Tap
from singer_sdk import typing as th
from singer_sdk.pagination import BasePageNumberPaginator
from typing_extensions import override

if TYPE_CHECKING:
    from collections.abc import Iterable

    import requests
    from singer_sdk.helpers.types import Context
    from singer_sdk.streams import Stream

SCHEMA = Path(
    *Path(__file__).parts[:-3], "tap_activecampaign_segments", "schemas", "match_all_results.json"
)


class Paginator(BasePageNumberPaginator):
    """Paginator that stops at the last page of the response."""

    @override
    def has_more(self, response: requests.Response) -> bool:
        page = response.json()["data"][0]["attributes"]["page"]
        return bool(page["current_page"] < page["last_page"])


class PlainResults(RESTStream[int]):
    """Contacts of a run, with their positions."""

    name = "match_all_results"
    path = "/{segment_id}/{run_id}"
    primary_keys = ("segment_id", "contact_id")
    schema: ClassVar[dict[str, Any]] = json.loads(SCHEMA.read_text())

    @property
    @override
    def url_base(self) -> str:
        return f"{self.config['api_url']}/api/3/segmentMatchAll"

    @override
    def get_new_paginator(self) -> Paginator:
        return Paginator(start_value=1)

    @override
    def get_url_params(
        self, context: Context | None, next_page_token: int | None
    ) -> dict[str, Any]:
        return {"sort": "id", "page": next_page_token, "page_size": 10_000}

    @override
    def parse_response(self, response: requests.Response) -> Iterable[dict[str, Any]]:
        attributes = response.json()["data"][0]["attributes"]
        page = attributes["page"]
        first = (page["current_page"] - 1) * page["per_page"] + 1
        for position, contact_id in enumerate(attributes["matches"], first):
            yield {
                "segment_id": attributes["segment_id"],
                "contact_id": contact_id,
                "position": position,
                "run_id": attributes["run_id"],
                "run_id_end": attributes["run_id_end"],
                "segment_timestamp": attributes["segment_timestamp"],
            }


class TapPlain(Tap):
    """Tap with one stream."""

    name = "tap-plain"
    config_jsonschema: ClassVar[dict[str, Any]] = th.PropertiesList(
        th.Property("api_url", th.StringType, required=True),
        th.Property("segment_id", th.StringType, required=True),
        th.Property("run_id", th.StringType, required=True),
    ).to_dict()

    @override
    def discover_streams(self) -> list[Stream]:
        return [PlainResults(self)]


if __name__ == "__main__":
    TapPlain.cli()

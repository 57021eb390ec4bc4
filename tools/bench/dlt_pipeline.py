"""dlt pipeline for the members of all segments, written with dlt's own means.

It starts a run of each segment, waits for its result and loads all pages into DuckDB, from Parquet
files: the default there, INSERT statements, takes several times as long. The rest is dlt's default:
five threads extract, and a rejected request is sent again after `Retry-After`.

Runs in an environment of its own.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dlt
import pyarrow as pa
from dlt.sources.helpers.rest_client import RESTClient
from dlt.sources.helpers.rest_client.auth import APIKeyAuth
from dlt.sources.helpers.rest_client.paginators import PageNumberPaginator

if TYPE_CHECKING:
    from collections.abc import Iterator

SEGMENTS_PER_PAGE = 100
POLL_INTERVAL = 1.0
RUN_TIMEOUT = 120.0
"""Seconds to wait for the result of a run."""


@dlt.resource(selected=False)
def segments(client: RESTClient) -> Iterator[dict[str, Any]]:
    """Yield the segments one by one; those of a list would be read sequentially."""
    for page in client.paginate(
        "api/3/audiences",
        params={"page_size": SEGMENTS_PER_PAGE},
        data_selector="data",
        paginator=PageNumberPaginator(base_page=1, total_path="meta.page.last_page"),
    ):
        yield from page


@dlt.transformer(
    data_from=segments,
    parallelized=True,
    write_disposition="replace",
    primary_key=("segment_id", "contact_id"),
)
def match_all_results(
    segment: dict[str, Any], client: RESTClient, *, as_arrow: bool
) -> Iterator[Any]:
    """Yield the result of a new run of a segment, page by page.

    Args:
        segment: A segment of the listing.
        client: Of the account.
        as_arrow: Whether a page is an Arrow table, which dlt loads as it is, or a list of rows.
    """
    path = f"api/3/segmentMatchAll/{segment['id']}"
    run = _get_run(client, path)
    path += f"/{run['run_id']}"
    deadline = time.monotonic() + RUN_TIMEOUT
    while not run["is_ready"]:
        if time.monotonic() > deadline:
            raise TimeoutError(f"{path} was not ready after {RUN_TIMEOUT:.0f} s")
        time.sleep(POLL_INTERVAL)
        run = _get_run(client, path)
    yield _build_page(run, as_arrow=as_arrow)
    if run["page"]["last_page"] > 1:
        for page in client.paginate(
            path,
            params=_build_params(),
            data_selector="data",
            paginator=PageNumberPaginator(
                base_page=1, page=2, total_path="data[0].attributes.page.last_page"
            ),
        ):
            yield _build_page(page[0]["attributes"], as_arrow=as_arrow)


def _build_params() -> dict[str, Any]:
    # A new one for each request: the paginator writes into it.
    return {"sort": "id", "page_size": 10_000}


def _get_run(client: RESTClient, path: str) -> dict[str, Any]:
    response = client.get(path, params=_build_params())
    response.raise_for_status()
    attributes: dict[str, Any] = response.json()["data"][0]["attributes"]
    return attributes


def _build_page(run: dict[str, Any], *, as_arrow: bool) -> Any:
    first = (run["page"]["current_page"] - 1) * run["page"]["per_page"] + 1
    rows = [
        {
            "segment_id": run["segment_id"],
            "contact_id": contact_id,
            "position": position,
            "run_id": run["run_id"],
            "run_id_end": run["run_id_end"],
            "segment_timestamp": run["segment_timestamp"],
        }
        for position, contact_id in enumerate(run["matches"], first)
    ]
    return pa.Table.from_pylist(rows) if as_arrow else rows


def main(config: dict[str, Any]) -> None:
    """Load the members of all segments.

    Args:
        config: `api_url`, `api_token`, `as_arrow`, the path of the `database` and a `folder` for
            dlt's own files.
    """
    os.environ |= {"RUNTIME__DLTHUB_TELEMETRY": "false", "DLT_DATA_DIR": config["folder"]}
    client = RESTClient(
        config["api_url"],
        auth=APIKeyAuth(name="Api-Token", api_key=config["api_token"], location="header"),
    )
    pipeline = dlt.pipeline(
        "activecampaign",
        destination=dlt.destinations.duckdb(config["database"]),
        dataset_name="activecampaign",
    )
    members = segments(client) | match_all_results(client, as_arrow=config["as_arrow"])
    pipeline.run(members, loader_file_format="parquet")


if __name__ == "__main__":
    main(json.loads(Path(sys.argv[2]).read_text()))

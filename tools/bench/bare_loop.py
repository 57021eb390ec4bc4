"""Lower bound: request the same pages in sequence and write the same lines.

No Singer SDK, rate limiter, retries or checks.
"""

from __future__ import annotations

import json
import sys
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import msgspec
import urllib3


class Record(msgspec.Struct):
    """A record of `match_all_results`."""

    segment_id: str
    contact_id: int
    position: int
    run_id: str
    run_id_end: str
    segment_timestamp: str


class Message(msgspec.Struct):
    """A RECORD message."""

    type: str
    stream: str
    record: Record
    time_extracted: datetime


def main(config: dict[str, Any]) -> None:
    """Write the result of one run to the standard output.

    Args:
        config: `api_url`, `segment_id` and `run_id`.
    """
    url = f"{config['api_url']}/api/3/segmentMatchAll/{config['segment_id']}/{config['run_id']}"
    pool, encoder = urllib3.PoolManager(), msgspec.json.Encoder()
    page, last_page = 1, 1
    while page <= last_page:
        fields = {"sort": "id", "page": str(page), "page_size": "10000"}
        response = msgspec.json.decode(pool.request("GET", url, fields=fields).data)
        attributes = response["data"][0]["attributes"]
        last_page = attributes["page"]["last_page"]
        first = (page - 1) * attributes["page"]["per_page"] + 1
        segment_id, run_id = attributes["segment_id"], attributes["run_id"]
        segment_timestamp = _normalize(attributes["segment_timestamp"])
        run_id_end = _normalize(attributes["run_id_end"])
        now = datetime.now(timezone.utc)
        messages = [
            Message(
                "RECORD",
                "match_all_results",
                Record(segment_id, contact_id, position, run_id, run_id_end, segment_timestamp),
                now,
            )
            for position, contact_id in enumerate(attributes["matches"], first)
        ]
        sys.stdout.buffer.write(encoder.encode_lines(messages))
        page += 1


def _normalize(timestamp: str) -> str:
    instant = datetime.fromisoformat(timestamp).astimezone(timezone.utc)
    return instant.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


if __name__ == "__main__":
    main(json.loads(Path(sys.argv[2]).read_text()))

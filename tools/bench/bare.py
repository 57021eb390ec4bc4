"""The least that can be done: the same pages are asked for one by one, the same lines written.

No Singer SDK, no budget, no retries, no checks.
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
    """The record of a contact."""

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
    """Write one result to the standard output.

    Args:
        config: `api_url`, `segment_id` and `run_id`.
    """
    url = f"{config['api_url']}/api/3/segmentMatchAll/{config['segment_id']}/{config['run_id']}"
    pool, encoder = urllib3.PoolManager(), msgspec.json.Encoder()
    page, last = 1, 1
    while page <= last:
        fields = {"sort": "id", "page": str(page), "page_size": "10000"}
        answer = msgspec.json.decode(pool.request("GET", url, fields=fields).data)
        attributes = answer["data"][0]["attributes"]
        last = attributes["page"]["last_page"]
        first = (page - 1) * attributes["page"]["per_page"] + 1
        segment_id, run_id = attributes["segment_id"], attributes["run_id"]
        edited = _normal(attributes["segment_timestamp"])
        end = _normal(attributes["run_id_end"])
        now = datetime.now(timezone.utc)
        messages = [
            Message(
                "RECORD",
                "match_all_results",
                Record(segment_id, contact_id, position, run_id, end, edited),
                now,
            )
            for position, contact_id in enumerate(attributes["matches"], first)
        ]
        sys.stdout.buffer.write(encoder.encode_lines(messages))
        page += 1


def _normal(timestamp: str) -> str:
    instant = datetime.fromisoformat(timestamp).astimezone(timezone.utc)
    return instant.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


if __name__ == "__main__":
    main(json.loads(Path(sys.argv[2]).read_text()))

"""Page server: serves prepared results from memory.

Runs as a process of its own, prints its address as one line of JSON and exits when its standard
input closes. It has no rate limit and injects no faults, so that the client alone is measured.
"""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from datetime import datetime, timezone
from urllib.parse import parse_qs, urlsplit

from tools.bench.page_results import PAGE_SIZE, PageResult

HOST = "127.0.0.1"
SEGMENT_TIMESTAMP = "2024-05-06T07:08:09.123+00:00"
FIRST_RUN = 1_750_000_000


class Api:
    """The segment endpoints, with one segment ``of-<size>`` for each size."""

    def __init__(self, sizes: list[int]) -> None:
        """Prepare all results.

        Args:
            sizes: Number of contacts of each segment.
        """
        self._results = {f"of-{size}": PageResult(size) for size in sizes}
        self._runs = dict.fromkeys(self._results, 0)
        self._requests: list[dict[str, str]] = []
        for result in self._results.values():
            assert result.pages  # noqa: S101 (fills the cache)

    def respond(self, target: str) -> bytes | None:
        """Return the body of a response; None for an unknown path.

        Args:
            target: Path and query.
        """
        url = urlsplit(target)
        page = int(parse_qs(url.query).get("page", ["1"])[0])
        if url.path == "/sandbox/requests":
            return self._take_requests()
        self._requests.append({"path": url.path})
        match url.path.split("/")[3:]:
            case ["audiences"]:
                return self._list_segments()
            case ["users", "me"]:
                return b'{"user":{"id":"1"}}'
            case ["segmentMatchAll", segment_id] if segment_id in self._results:
                self._runs[segment_id] += 1
                return self._encode_page(segment_id, self._runs[segment_id], page)
            case ["segmentMatchAll", segment_id, run_id] if segment_id in self._results:
                return self._encode_page(segment_id, int(run_id.rpartition("-")[2]), page)
            case _:
                return None

    def _take_requests(self) -> bytes:
        requests, self._requests = self._requests, []
        return json.dumps(requests).encode()

    def _list_segments(self) -> bytes:
        rows = [
            {
                "id": segment_id,
                "type": "SegmentSummary",
                "attributes": {
                    "segment_id": segment_id,
                    "name": segment_id,
                    "category": "audience",
                    "counts": {},
                    "created_date": SEGMENT_TIMESTAMP,
                    "updated_date": SEGMENT_TIMESTAMP,
                },
            }
            for segment_id in self._results
        ]
        meta = {"page": {"current_page": 1, "last_page": 1}}
        return json.dumps({"data": rows, "meta": meta}).encode()

    def _encode_page(self, segment_id: str, run: int, page: int) -> bytes:
        result = self._results[segment_id]
        instant = datetime.fromtimestamp(FIRST_RUN + run, timezone.utc)
        attributes = {
            "run_id": f"run-{run}",
            "run_id_start": instant.isoformat(timespec="milliseconds"),
            "run_id_end": instant.isoformat(timespec="milliseconds"),
            "is_ready": True,
            "segment_id": segment_id,
            "segment_timestamp": SEGMENT_TIMESTAMP,
            "page": {
                "current_page": page,
                "last_page": result.last_page,
                "per_page": PAGE_SIZE,
                "total": result.total,
            },
        }
        pages = result.pages[(run - 1) % 2]
        ids = pages[page - 1] if page <= len(pages) else b"[]"
        # The ids are encoded already: they are appended to the encoded attributes.
        head = f'{{"data":[{{"id":"run-{run}-1","type":"matchAll","attributes":'
        return b'%s%s,"matches":%s}}]}' % (
            head.encode(),
            json.dumps(attributes)[:-1].encode(),
            ids,
        )


class Connection(asyncio.Protocol):
    """HTTP/1.1 connection of one client."""

    def __init__(self, api: Api) -> None:
        """Serve an API."""
        self._api = api
        self._received = b""
        self._transport: asyncio.WriteTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport for responses."""
        assert isinstance(transport, asyncio.WriteTransport)  # noqa: S101
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Respond to each complete request; a GET has no body."""
        assert self._transport  # noqa: S101
        self._received += data
        while b"\r\n\r\n" in self._received:
            head, _, self._received = self._received.partition(b"\r\n\r\n")
            body = self._api.respond(head.split(b" ", 2)[1].decode())
            status = b"404 Not Found" if body is None else b"200 OK"
            body = b'{"message":"No Result found"}' if body is None else body
            self._transport.write(
                b"HTTP/1.1 %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s"
                % (status, len(body), body)
            )


async def serve(api: Api) -> None:
    """Serve until the standard input closes."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(api), HOST, 0)
    port = server.sockets[0].getsockname()[1]
    sys.stdout.write(json.dumps({"url": f"http://{HOST}:{port}", "token": "-"}) + "\n")
    sys.stdout.flush()
    await loop.run_in_executor(None, sys.stdin.buffer.read)


if __name__ == "__main__":
    # Ctrl-C is for the benchmark, which stops its servers itself.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    asyncio.run(serve(Api(json.loads(sys.argv[1])["sizes"])))

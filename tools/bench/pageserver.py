"""The page server: answers with what is ready in memory, as fast as a socket takes it.

It is started as a process of its own, says where it is in one line of JSON, and ends with its
standard input. It knows no rate limit and no mistakes; what it measures is the client.
"""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from datetime import datetime, timezone
from urllib.parse import parse_qs, urlsplit

from tools.bench.pages import Result

HOST = "127.0.0.1"
EDITED = "2024-05-06T07:08:09.123+00:00"


class Api:
    """The segments' part of the API, one segment for each size; a segment's id tells its size."""

    def __init__(self, sizes: list[int]) -> None:
        """Make everything ready.

        Args:
            sizes: Contacts of each segment.
        """
        self._results = {f"of-{size}": Result(size) for size in sizes}
        self._starts = dict.fromkeys(self._results, 0)
        self._journal: list[dict[str, str]] = []
        for result in self._results.values():
            assert result.pages  # noqa: S101 (rendered by being looked at)

    def answer(self, target: str) -> bytes | None:
        """Return the body of an answer, None for what does not exist.

        Args:
            target: Path and query.
        """
        url = urlsplit(target)
        page = int(parse_qs(url.query).get("page", ["1"])[0])
        if url.path == "/sandbox/requests":
            return self._requests()
        self._journal.append({"path": url.path})
        match url.path.split("/")[3:]:
            case ["audiences"]:
                return self._listing()
            case ["users", "me"]:
                return b'{"user":{"id":"1"}}'
            case ["segmentMatchAll", segment_id] if segment_id in self._results:
                self._starts[segment_id] += 1
                return self._page(segment_id, self._starts[segment_id], page)
            case ["segmentMatchAll", segment_id, run_id] if segment_id in self._results:
                return self._page(segment_id, int(run_id.rpartition("-")[2]), page)
            case _:
                return None

    def _requests(self) -> bytes:
        requests, self._journal = self._journal, []
        return json.dumps(requests).encode()

    def _listing(self) -> bytes:
        rows = [
            {
                "id": segment_id,
                "type": "SegmentSummary",
                "attributes": {
                    "segment_id": segment_id,
                    "name": segment_id,
                    "category": "audience",
                    "counts": {},
                    "created_date": EDITED,
                    "updated_date": EDITED,
                },
            }
            for segment_id in self._results
        ]
        meta = {"page": {"current_page": 1, "last_page": 1}}
        return json.dumps({"data": rows, "meta": meta}).encode()

    def _page(self, segment_id: str, run: int, page: int) -> bytes:
        result = self._results[segment_id]
        instant = datetime.fromtimestamp(1_750_000_000 + run, timezone.utc)
        attributes = {
            "run_id": f"run-{run}",
            "run_id_start": instant.isoformat(timespec="milliseconds"),
            "run_id_end": instant.isoformat(timespec="milliseconds"),
            "is_ready": True,
            "segment_id": segment_id,
            "segment_timestamp": EDITED,
            "page": {
                "current_page": page,
                "last_page": result.last_page,
                "per_page": 10_000,
                "total": result.total,
            },
        }
        pages = result.pages[(run - 1) % 2]
        ids = pages[page - 1] if page <= len(pages) else b"[]"
        head = f'{{"data":[{{"id":"run-{run}-1","type":"matchAll","attributes":'
        facts = json.dumps(attributes)
        return b'%s%s,"matches":%s}}]}' % (head.encode(), facts[:-1].encode(), ids)


class Connection(asyncio.Protocol):
    """One client: its requests one after another."""

    def __init__(self, api: Api) -> None:
        """Answer with an API."""
        self._api = api
        self._received = b""
        self._transport: asyncio.WriteTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep what answers are written to."""
        assert isinstance(transport, asyncio.WriteTransport)  # noqa: S101
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer each request that is whole; a GET ends with its head."""
        assert self._transport  # noqa: S101
        self._received += data
        while b"\r\n\r\n" in self._received:
            head, _, self._received = self._received.partition(b"\r\n\r\n")
            body = self._api.answer(head.split(b" ", 2)[1].decode())
            status = b"404 Not Found" if body is None else b"200 OK"
            body = b'{"message":"No Result found"}' if body is None else body
            self._transport.write(
                b"HTTP/1.1 %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s"
                % (status, len(body), body)
            )


async def serve(api: Api) -> None:
    """Serve until the standard input ends."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(api), HOST, 0)
    port = server.sockets[0].getsockname()[1]
    sys.stdout.write(json.dumps({"url": f"http://{HOST}:{port}", "token": "-"}) + "\n")
    sys.stdout.flush()
    await loop.run_in_executor(None, sys.stdin.buffer.read)


if __name__ == "__main__":
    # Ctrl-C is for the benchmark, which ends its servers itself.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    asyncio.run(serve(Api(json.loads(sys.argv[1])["sizes"])))

"""Request metrics: what was sent, how often again, and the SDK's HTTP metrics."""

from __future__ import annotations

import threading
from collections import Counter
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from singer_sdk import metrics

from tap_activecampaign_segments.logs.context import STREAM, log_fields

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tap_activecampaign_segments.logs.wait_timer import WaitTimer


class RequestMetrics:
    """Counts the requests to one vendor. Thread-safe.

    Emits ``http_request_count`` for each stream and endpoint, and ``http_request_duration`` for
    each response, as the SDK's REST streams do.

    Attributes:
        wait_timer: Measures how long the main thread waits for responses.
        retries: Number of requests that were sent again.
        rejections: Number of responses 429.
    """

    def __init__(self, wait_timer: WaitTimer) -> None:
        """Create metrics without requests."""
        self.wait_timer = wait_timer
        self.retries = 0
        self.rejections = 0
        self._lock = threading.Lock()
        self._counters: dict[tuple[str, str], metrics.Counter] = {}
        self._by_endpoint = Counter[str]()
        self._by_work = Counter[tuple[str, str]]()

    @property
    def by_endpoint(self) -> Mapping[str, int]:
        """Number of requests by endpoint."""
        with self._lock:
            return dict(self._by_endpoint)

    @property
    def total(self) -> int:
        """Number of requests."""
        with self._lock:
            return self._by_endpoint.total()

    def count_for(self, stream: str, segment_id: str) -> int:
        """Return the number of requests that were sent for a segment of a stream."""
        with self._lock:
            return self._by_work[stream, segment_id]

    def count_request(self, endpoint: str) -> None:
        """Count a request that is being sent.

        Args:
            endpoint: Its path, with placeholders for ids.
        """
        fields = log_fields()
        stream = fields.get(STREAM, "")
        with self._lock:
            self._by_endpoint[endpoint] += 1
            self._by_work[stream, fields.get("segment_id", "")] += 1
            if (stream, endpoint) not in self._counters:
                self._counters[stream, endpoint] = metrics.http_request_counter(stream, endpoint)
            self._counters[stream, endpoint].increment()

    def count_response(self, endpoint: str, status: int, seconds: float) -> None:
        """Count a response.

        Args:
            endpoint: See `count_request`.
            status: Its HTTP status.
            seconds: Time from sending the request to its last byte.
        """
        fields = dict(log_fields())
        is_success = status < HTTPStatus.BAD_REQUEST
        tags: dict[str, Any] = {
            metrics.Tag.STREAM: fields.pop(STREAM, ""),
            metrics.Tag.ENDPOINT: endpoint,
            metrics.Tag.HTTP_STATUS_CODE: status,
            metrics.Tag.STATUS: metrics.Status.SUCCEEDED if is_success else metrics.Status.FAILED,
        }
        if fields:
            tags[metrics.Tag.CONTEXT] = fields
        duration = metrics.Metric.HTTP_REQUEST_DURATION
        metrics.log(metrics.get_metrics_logger(), metrics.Point("timer", duration, seconds, tags))
        if status == HTTPStatus.TOO_MANY_REQUESTS:
            with self._lock:
                self.rejections += 1

    def count_retry(self) -> None:
        """Count a request that is sent again."""
        with self._lock:
            self.retries += 1

    def finish(self) -> None:
        """Emit the counters. The SDK's own emit theirs once a minute, and at their end."""
        with self._lock:
            for counter in self._counters.values():
                counter.exit()
            self._counters.clear()

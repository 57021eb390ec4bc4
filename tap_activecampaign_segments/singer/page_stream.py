"""Streams whose records come in pages, which are written at once where nothing changes them."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from typing_extensions import override

from tap_activecampaign_segments.singer.base_stream import BaseStream
from tap_activecampaign_segments.singer.fast_records import (
    RecordPage,
    RecordPageMessage,
    allows_record_pages,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from singer_sdk.helpers.types import Context
    from singer_sdk.metrics import Counter


class PageStream(BaseStream):
    """A stream of record pages."""

    _counter: Counter

    def pages(self) -> Iterator[RecordPage]:
        """Yield the records."""
        raise NotImplementedError

    @override
    def get_records(self, context: Context | None) -> Iterator[dict[str, Any]]:
        for page in self.pages():
            self._tap.state_writer.process_requests()
            if self._writes_pages:
                self._write_page(page)
            else:
                yield from page.records()

    @override
    def get_record_counter(self, **options: Any) -> Counter:
        self._counter = super().get_record_counter(**options)
        return self._counter

    @cached_property
    def _writes_pages(self) -> bool:
        return allows_record_pages(self)

    def _write_page(self, page: RecordPage) -> None:
        [message] = self._generate_record_messages(page.record.copy())
        self._tap.write_message(RecordPageMessage.from_message(message, page))
        self._counter.increment(len(page))

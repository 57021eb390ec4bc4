"""Results as a check reads them: page by page, without the tap's retries and proofs.

A recorded run is only ever read by ``segmentMatchSome``. By ``segmentMatchAll``, with another sort
than its own, ActiveCampaign would evaluate it again under its old id.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tap_activecampaign_segments.activecampaign.match_all.result_layout import ResultLayout
from tap_activecampaign_segments.activecampaign.match_all.run_response import RunResponse
from tap_activecampaign_segments.errors import MalformedResponseError
from tap_activecampaign_segments.singer.coercion import coerce_count

if TYPE_CHECKING:
    from typing import Any

    from tap_activecampaign_segments.activecampaign.api import Api

SORT = "id"
"""The order of the runs that a check starts."""
MAX_PAGE_SIZE = 10_000
MAX_WHOLE_PAGES = 15
"""Pages up to which a result is read whole."""


@dataclass
class Result:
    """The result of a ready run.

    Attributes:
        first: The response with its first page.
        page_size: Ids per page that are requested.
        is_own: Whether this check started the run. Otherwise it is read by ``segmentMatchSome``.
        count: What the count history tells of it: a row, None without one.
        pages: The ids on the pages that were read, by their number.
    """

    first: RunResponse
    page_size: int
    is_own: bool
    count: dict[str, Any] | None = None
    pages: dict[int, list[int]] = field(default_factory=dict)

    @property
    def layout(self) -> ResultLayout:
        """What its first page says about the others."""
        return ResultLayout(
            self.first.run.run_id,
            total=self.first.total or 0,
            per_page=self.first.per_page or self.page_size,
            last_page=self.first.last_page,
            page_size=self.page_size,
        )

    @property
    def is_small(self) -> bool:
        """Whether it may be read whole."""
        return self.layout.page_count <= MAX_WHOLE_PAGES

    @property
    def is_whole(self) -> bool:
        """Whether all of its pages were read."""
        return self.pages.keys() >= set(range(1, self.layout.page_count + 1))

    @property
    def ids(self) -> set[int]:
        """The distinct ids that were read."""
        return {each for page in self.pages.values() for each in page}

    def read_page(self, client: Api, number: int) -> list[int]:
        """Read a page, and return its ids.

        Raises:
            TapError: It could not be read.
        """
        read = read_own if self.is_own else read_recorded
        run = self.first.run
        response = read(client, run.segment_id, run.run_id, number, self.page_size)
        return ids_of(response)

    def read_pages(self, client: Api) -> None:
        """Read all pages, or the first, some and the last if there are many.

        Raises:
            TapError: One could not be read.
        """
        last = self.layout.page_count
        wanted = range(1, last + 1) if self.is_small else (1, 2, last // 2, last - 1, last)
        for number in wanted:
            if number not in self.pages:
                self.pages[number] = self.read_page(client, number)


def start(client: Api, segment_id: str, page_size: int) -> RunResponse:
    """Start an evaluation, without waiting for its result.

    Raises:
        TapError: It could not be started.
    """
    answer = client.get(
        "segmentMatchAll", segment_id, sort=SORT, page=1, page_size=page_size, instant=""
    )
    return RunResponse.from_answer(segment_id, SORT, answer)


def read_own(client: Api, segment_id: str, run_id: str, page: int, page_size: int) -> RunResponse:
    """Read a run that this check started, with the sort that it was started with.

    Raises:
        TapError: It could not be read.
    """
    answer = client.get(
        "segmentMatchAll", segment_id, run_id, sort=SORT, page=page, page_size=page_size
    )
    return RunResponse.from_answer(segment_id, SORT, answer)


def read_recorded(
    client: Api, segment_id: str, run_id: str, page: int, page_size: int
) -> RunResponse:
    """Read any run in the order it has.

    Raises:
        TapError: It could not be read.
    """
    answer = client.get("segmentMatchSome", segment_id, run_id, page=page, page_size=page_size)
    return RunResponse.from_answer(segment_id, SORT, answer)


def ids_of(response: RunResponse) -> list[int]:
    """Return the contact ids on a page.

    Raises:
        MalformedResponseError: It holds something else.
    """
    ids = [coerce_count(each) for each in response.matches or []]
    if None in ids:
        msg = "a page holds something that is no contact id"
        raise MalformedResponseError(msg)
    return [each for each in ids if each is not None]

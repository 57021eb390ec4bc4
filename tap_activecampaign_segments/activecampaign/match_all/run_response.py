"""What one response of the API says about a run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from tap_activecampaign_segments import timestamps
from tap_activecampaign_segments.activecampaign.api import attributes, resources
from tap_activecampaign_segments.activecampaign.match_all.run import Origin, Run, RunFailedError
from tap_activecampaign_segments.errors import MalformedResponseError
from tap_activecampaign_segments.singer.coercion import coerce_count


@dataclass(frozen=True)
class RunResponse:
    """A run, and one page of its result once it is ready.

    Attributes:
        run: The run.
        is_ready: Whether the result can be read.
        matches: One page of contact ids, unchecked; None where the response has none.
        total: Number of contacts in the whole result, None where the response has no ``page``.
        last_page: Number of pages, None where the response does not tell.
        per_page: Number of contacts on each page but the last, None where the response does not
            tell.
    """

    run: Run
    is_ready: bool
    matches: list[Any] | None
    total: int | None
    last_page: int | None
    per_page: int | None

    @classmethod
    def from_answer(
        cls, segment_id: str, sort: str | None, answer: dict[str, Any], origin: Origin = "tap"
    ) -> RunResponse:
        """Parse an answer of ``segmentMatchAll`` or ``segmentMatchSome``.

        Args:
            segment_id: The segment that was asked for.
            sort: The order that was asked for, None where it is unknown; answers do not repeat it.
            answer: The JSON object.
            origin: Who started the run; answers do not tell.

        Raises:
            MalformedResponseError: It is no run of this segment.
        """
        found = resources(answer)
        if not found:
            msg = "the API answered without the run that was asked for"
            raise MalformedResponseError(msg)
        fields = attributes(found[0])
        run_id, is_ready = fields.get("run_id"), fields.get("is_ready")
        matches = fields.get("matches")
        if (
            not isinstance(run_id, str)
            or not isinstance(is_ready, bool)
            or not isinstance(matches, list | None)
            or fields.get("segment_id", segment_id) != segment_id
        ):
            msg = "the API answered with something that is no run of this segment"
            raise MalformedResponseError(msg)
        run = Run(
            segment_id,
            run_id,
            sort,
            run_id_start=timestamps.normalize(fields.get("run_id_start")),
            run_id_end=timestamps.normalize_optional(fields.get("run_id_end")),
            segment_timestamp=timestamps.normalize_optional(fields.get("segment_timestamp")),
            origin=origin,
        )
        page = fields.get("page")
        page = page if isinstance(page, dict) else {}
        return cls(
            run,
            is_ready,
            matches,
            total=coerce_count(page.get("total")),
            last_page=coerce_count(page.get("last_page")),
            per_page=coerce_count(page.get("per_page")) or None,
        )

    def raise_if_failed(self) -> None:
        """Check that ActiveCampaign did not give up the evaluation.

        Raises:
            RunFailedError: It ended without being ready (documented).
        """
        if not self.is_ready and self.run.run_id_end is not None:
            msg = f"run {self.run.run_id} failed at ActiveCampaign"
            raise RunFailedError(msg)


@dataclass(frozen=True)
class ReadyRun:
    """A run whose result can be read.

    Attributes:
        response: The response that says so, with the first page.
        resumed: The run as the state has it, if an earlier sync started it; otherwise None.
        is_persisted: Whether the run is in the state.
    """

    response: RunResponse
    resumed: Run | None
    is_persisted: bool

    @property
    def is_new(self) -> bool:
        """Whether this sync started it."""
        return self.resumed is None

    @property
    def may_have_emitted_rows(self) -> bool:
        """Whether an earlier sync may have emitted rows of it, as of a baseline."""
        return self.resumed is not None and self.resumed.run_id_end is not None


class RunReader(Protocol):
    """Reads runs; `RunClient` does so over HTTP."""

    page_size: int
    """Contact ids per page that are requested."""

    def read(self, run: Run, page: int = 1, *, confirm_404: bool = True) -> RunResponse:
        """Read a run, and a page of its result; see `RunClient.read`."""

    def read_beyond_end(self, run: Run, page: int) -> list[int]:
        """Read the page after the last one; see `RunClient.read_beyond_end`."""

"""Export reader: streams the profiles of one export, then reports whether they are complete."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tap_activecampaign_segments.errors import TapError
from tap_activecampaign_segments.mypreferences.profiles import profile_id

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tap_activecampaign_segments.mypreferences.export_lifecycle import Export, ExportClient


class ExportReader:
    """Reads one export, once. Profiles are yielded before they are known to be complete.

    Example:
        >>> reader = ExportReader(client, export, on_total=print)
        >>> rows = list(reader.profiles())
        2
        >>> reader.finish()
        2

    Attributes:
        ids: The ids of the profiles that were yielded.
    """

    def __init__(
        self,
        client: ExportClient,
        export: Export,
        on_total: Callable[[int], None],
        on_page: Callable[[int, int], None] = lambda _read, _total: None,
    ) -> None:
        """Create a reader; nothing is read yet.

        Args:
            client: Reads the pages.
            export: The export; it must be complete.
            on_total: Called with the total before the first profile; a `TapError` stops reading.
            on_page: Called with the number of profiles read and the total, after each page.
        """
        self._pages = client.read_pages(export)
        self._on_total = on_total
        self._on_page = on_page
        self._total: int | None = None
        self._error: TapError | None = None
        self.ids: set[int] = set()

    def profiles(self) -> Iterator[dict[str, Any]]:
        """Yield the profiles. A `TapError` ends them, and is raised by `finish`."""
        try:
            for page, total in self._pages:
                if self._total is None:
                    self._on_total(total)
                self._total = total
                self.ids.update(map(profile_id, page))
                self._on_page(len(self.ids), total)
                yield from page
        except TapError as error:
            self._error = error

    def finish(self) -> int:
        """Read what is left, and return the number of profiles.

        Raises:
            TapError: A page could not be read, profiles are missing, or `on_total` raised.
        """
        for _ in self.profiles():
            pass
        if self._error:
            raise self._error
        return self._total or 0

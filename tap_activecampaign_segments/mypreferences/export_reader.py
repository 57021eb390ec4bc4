"""Export reader: the profiles of one export, and whether they were all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tap_activecampaign_segments.errors import TapError
from tap_activecampaign_segments.mypreferences import profiles

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tap_activecampaign_segments.mypreferences.export_lifecycle import Export, Exports


class ExportReader:
    """Reads one export. Its profiles may be emitted before it turns out to be incomplete.

    Attributes:
        ids: The ids of the profiles that were emitted.
    """

    def __init__(self, exports: Exports, export: Export, check: Callable[[int], None]) -> None:
        """Read `export`.

        Args:
            exports: Where pages are read.
            export: The export, complete.
            check: Called with the total before the first profile is emitted; may raise an error.
        """
        self._pages = exports.pages(export)
        self._check = check
        self._total: int | None = None
        self._error: TapError | None = None
        self.ids: set[int] = set()

    def profiles(self) -> Iterator[dict[str, Any]]:
        """Yield the profiles. An error ends them, and is kept for `finish`."""
        try:
            for page, total in self._pages:
                if self._total is None:
                    self._check(total)
                self._total = total
                self.ids.update(map(profiles.profile_id, page))
                yield from page
        except TapError as error:
            self._error = error

    def finish(self) -> int:
        """Return the number of profiles, all of them read.

        Raises:
            TapError: They could not be read, or are incomplete.
        """
        for _ in self.profiles():
            pass
        if self._error:
            raise self._error
        return self._total or 0

"""What the first page of a result says about the others."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ResultLayout:
    """The number of pages of a result, and the length of each.

    Example:
        >>> layout = ResultLayout("a1", total=25, per_page=10, last_page=3, page_size=10)
        >>> layout.page_count, layout.page_length(3)
        (3, 5)

    Attributes:
        run_id: The run.
        total: Number of contacts in the whole result.
        per_page: Number of contacts on each page but the last.
        last_page: Number of pages as the API tells it, None where it does not.
        page_size: The page size that was asked for.
    """

    run_id: str
    total: int
    per_page: int
    last_page: int | None
    page_size: int

    @property
    def page_count(self) -> int:
        """Number of pages; an empty result has one."""
        return max(-(-self.total // self.per_page), 1)

    @property
    def flaw(self) -> str | None:
        """How the numbers contradict each other, None if they do not."""
        # An empty result may have no page, or an empty one.
        if self.last_page is None or max(self.last_page, 1) == self.page_count:
            return None
        return (
            f"run {self.run_id} tells of {self.last_page} pages for {self.total} contacts, "
            f"{self.per_page} a page"
        )

    def page_length(self, number: int) -> int:
        """Return the number of ids on page `number`, counted from 1."""
        return max(min(self.total - (number - 1) * self.per_page, self.per_page), 0)

    def find_flaw(self, number: int, ids: list[int]) -> str | None:
        """Return what is wrong with the numbers or with the length of a page, None if nothing is.

        Args:
            number: The page, from 1.
            ids: The ids on it.
        """
        if self.flaw or len(ids) == self.page_length(number):
            return self.flaw
        return (
            f"page {number} of run {self.run_id} holds {len(ids)} contacts, "
            f"not {self.page_length(number)}"
        )

    def is_full(self, last: list[int]) -> bool:
        """Tell whether the last page is so long that another one may follow."""
        return bool(last) and len(last) in {self.per_page, self.page_size}

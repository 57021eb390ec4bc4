"""Answers ``GET contacts``: which contacts there are, and which a request selects."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .contact_ids import ContactIds, ContactIndex
from .contact_query import ANY_STATUS, ContactFilters
from .contacts import LATEST

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .account import Account
    from .contact_query import ContactQuery
    from .contact_store import ContactStore
    from .users import User

_MAX_SELECTIONS = 8
_NO_FILTERS = ContactFilters()


class ContactListing:
    """The contacts of an account.

    There are those that were added, those that are a member of a segment, and those that were one
    when it was evaluated.
    """

    def __init__(self, account: Account) -> None:
        """Create it for an account."""
        self._account = account
        self._index = ContactIndex()
        self._ids = ContactIds((), ())
        self._revision = 0
        self._selections: dict[tuple[ContactFilters, User], ContactIds] = {}

    def build_page(self, query: ContactQuery, user: User) -> dict[str, Any]:
        """Return the contacts that a request selects, and how many there are on all pages.

        Args:
            query: The request.
            user: The reader.
        """
        self._refresh()
        if query.ids is None:
            found, total = self._select(query, user)
        else:
            found, total = self._look_up(query.ids, query, user)
        store = self._account.contacts
        content: dict[str, Any] = {"contacts": [store.build_contact(each) for each in found]}
        if query.includes_lists:
            content["contactLists"] = [
                row for each in found for row in store.build_subscriptions(each)
            ]
        return content | {"meta": {"total": str(total)}}

    def _refresh(self) -> None:
        """Drop what is known of earlier members, deletions and changes."""
        account = self._account
        sequences = [
            *account.contacts.added,
            *(segment.members for segment in account.segments),
            *(run.members for segment in account.segments for run in segment.runs),
        ]
        ids = self._index.update(sequences, account.deleted)
        if ids is not self._ids or self._revision != account.contacts.revision:
            self._ids, self._revision = ids, account.contacts.revision
            self._selections.clear()

    def _look_up(
        self, wanted: Iterable[int], query: ContactQuery, user: User
    ) -> tuple[list[int], int]:
        found = sorted(
            each
            for each in wanted
            if each in self._ids
            and each > query.after
            and (query.before is None or each < query.before)
            and user.sees(each)
            and _matches(self._account.contacts, query.filters, each)
        )
        if query.descending:
            found.reverse()
        return found[query.offset : query.offset + query.limit], len(found)

    def _select(self, query: ContactQuery, user: User) -> tuple[list[int], int]:
        ids = self._get_selection(query.filters, user)
        first = ids.count(query.after)
        end = ids.count(ids.highest if query.before is None else query.before - 1)
        total = max(0, end - first)
        if query.descending:
            start = max(first, end - query.offset - query.limit)
            return ids.get_page(start, end - query.offset)[::-1], total
        start = first + query.offset
        return ids.get_page(start, min(end, start + query.limit)), total

    def _get_selection(self, filters: ContactFilters, user: User) -> ContactIds:
        """Return all ids that the filters select of those that the user sees."""
        if filters == _NO_FILTERS and user.hides is None:
            return self._ids
        key = (filters, user)
        if key not in self._selections:
            if len(self._selections) >= _MAX_SELECTIONS:
                self._selections.clear()
            store = self._account.contacts
            found = [
                each
                for each in self._get_candidates(filters)
                if user.sees(each) and _matches(store, filters, each)
            ]
            self._selections[key] = ContactIds((), found)
        return self._selections[key]

    def _get_candidates(self, filters: ContactFilters) -> Iterable[int]:
        """Return the ids that the filters may select, ascending."""
        after = max(filters.updated_after or 0.0, filters.created_after or 0.0)
        if after < LATEST:
            return self._ids
        # Later than that, only changes have happened.
        return sorted(each for each in self._account.contacts.changed if each in self._ids)


def _matches(store: ContactStore, filters: ContactFilters, contact: int) -> bool:
    if filters == _NO_FILTERS:
        return True
    created, updated = store.get_dates(contact)
    return (
        _is_between(created, filters.created_after, filters.created_before)
        and _is_between(updated, filters.updated_after, filters.updated_before)
        and (filters.status == ANY_STATUS or filters.status in store.get_statuses(contact))
    )


def _is_between(at: float, after: float | None, before: float | None) -> bool:
    return (after is None or at > after) and (before is None or at < before)

"""Requests for contacts: by their ids, and page by page."""

from __future__ import annotations

from dataclasses import dataclass
from operator import ge
from typing import TYPE_CHECKING, Any

from tap_activecampaign_segments.activecampaign.contacts.contact import (
    contact_record,
    missing_record,
    read_subscriptions,
)
from tap_activecampaign_segments.errors import MalformedResponseError
from tap_activecampaign_segments.singer.coercion import coerce_count

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tap_activecampaign_segments.activecampaign.api import ContactsApi

MAX_CONTACTS = 100
"""Maximum contacts of a response (documented)."""
MAX_PENDING = 20
"""Maximum number of requests that are started before the contacts of the first one are emitted."""
ANY_STATUS = -1
"""Status that selects contacts with any subscription, or none (documented)."""


@dataclass(frozen=True)
class ContactPage:
    """The contacts of one response.

    Attributes:
        records: The record of each contact by its id, in the order of the response.
        total: How many contacts match the request, None if the API does not tell.
        unusable: How many items of the response have no id.
    """

    records: dict[int, dict[str, Any]]
    total: int | None
    unusable: int

    def is_cut_short(self, requested: int) -> bool:
        """Return whether more contacts match than came.

        Args:
            requested: How many were requested. A larger total is not that of the request.
        """
        return self.total is not None and len(self.records) < self.total <= requested


class ContactReader:
    """Reads contacts. Thread-safe.

    Example:
        >>> reader = ContactReader(client, account.read_at, hashed=True)  # doctest: +SKIP
        >>> [record["contact_id"] for record in reader.read_ids([3, 5]).records.values()]
        [3, 5]
    """

    def __init__(self, api: ContactsApi, read_at: Callable[[], str], *, hashed: bool) -> None:
        """Create the reader.

        Args:
            api: The API client.
            read_at: Returns the current time, normalized.
            hashed: See `contact_record`.
        """
        self._api = api
        self._read_at = read_at
        self._hashed = hashed

    def read_ids(self, ids: Sequence[int]) -> ContactPage:
        """Read contacts by id; those that do not come are absent.

        Args:
            ids: At most `MAX_CONTACTS` ids.

        Raises:
            MalformedResponseError: The response has other contacts, or unusable ones.
            RequestError: The request failed permanently.
        """
        page = self._read({"ids[]": [*ids]})
        if not page.records.keys() <= {*ids}:
            msg = (
                "asked for contacts by `ids[]`, the API answers with others "
                "(if it always does, set contacts to all)"
            )
            raise MalformedResponseError(msg)
        if page.unusable:
            msg = f"the API answered with {page.unusable} contacts that have no id"
            raise MalformedResponseError(msg)
        return page

    def read_after(self, contact_id: int, *, updated_since: str | None) -> ContactPage:
        """Read the contacts that follow an id, in the order of ids.

        Args:
            contact_id: Lower bound, exclusive.
            updated_since: Normalized timestamp: only those updated since; None for all.

        Raises:
            MalformedResponseError: The contacts are not those that follow, in that order.
            RequestError: The request failed permanently.
        """
        params: dict[str, object] = {"orders[id]": "ASC", "id_greater": contact_id}
        if updated_since:
            # Whole seconds: the fraction is not documented.
            params["filters[updated_after]"] = f"{updated_since[:19]}Z"
        page = self._read(params)
        ids = [contact_id, *page.records]
        if any(map(ge, ids, ids[1:])):
            msg = (
                f"asked for the contacts after {contact_id} in the order of ids, the API answers "
                "with others"
            )
            raise MalformedResponseError(msg)
        if page.unusable and not page.records:
            msg = f"the API answered with {page.unusable} contacts that have no id"
            raise MalformedResponseError(msg)
        return page

    def missing(self, contact_id: int) -> dict[str, Any]:
        """Return the record of a contact that the API does not have."""
        return missing_record(contact_id, read_at=self._read_at())

    def _read(self, params: Mapping[str, object]) -> ContactPage:
        answer = self._api.get_contacts(
            {
                **params,
                "limit": MAX_CONTACTS,
                "status": ANY_STATUS,
                "include": "contactLists",
            }
        )
        ids = [*map(_id, answer["contacts"])]
        contacts = {
            contact_id: contact
            for contact_id, contact in zip(ids, answer["contacts"], strict=True)
            if contact_id is not None
        }
        read_at, subscriptions = self._read_at(), read_subscriptions(answer)
        if subscriptions and subscriptions.keys().isdisjoint(contacts):
            # They are those of other contacts.
            subscriptions = None
        records = {
            contact_id: contact_record(
                contact_id,
                contact,
                None if subscriptions is None else subscriptions.get(contact_id, []),
                read_at=read_at,
                hashed=self._hashed,
            )
            for contact_id, contact in contacts.items()
        }
        meta = answer.get("meta")
        total = coerce_count(meta.get("total")) if isinstance(meta, dict) else None
        return ContactPage(records, total, unusable=ids.count(None))


def _id(contact: object) -> int | None:
    """Return the id of an item of a response, None if it has no usable one."""
    return coerce_count(contact.get("id")) if isinstance(contact, dict) else None

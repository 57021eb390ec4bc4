"""What was done to the contacts of an account since they were generated."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .contact_dates import format_date, parse_date, remove_offset
from .contacts import build_contact, build_subscriptions, get_dates, get_statuses

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .contacts import Document

_ANONYMOUS = {
    "phone": "",
    "firstName": "anonymized",
    "lastName": "anonymized",
    "ip": "0.0.0.0",  # noqa: S104 (an address in a document, nothing listens on it)
    "ua": None,
    "anonymized": "1",
}
_NEVER = float("-inf")


class ContactStore:
    """The changes to contacts, and the contacts of no segment.

    Attributes:
        added: Ids of contacts that need be in no segment.
        revision: Grows with each change.
    """

    def __init__(self) -> None:
        """Create a store without changes."""
        self.added: list[Sequence[int]] = []
        self.revision = 0
        self._changes: dict[int, Document] = {}
        self._subscriptions: dict[int, dict[str, Document]] = {}

    @property
    def changed(self) -> list[int]:
        """Ids of the contacts that were changed."""
        return list(self._changes)

    def update(self, contact: int, at: float, **fields: Any) -> None:
        """Change fields of a contact; raises ValueError if contacts have no such field."""
        unknown = fields.keys() - build_contact(contact).keys()
        if unknown:
            raise ValueError(f"contacts have no {', '.join(sorted(unknown))}")
        udate = format_date(at)
        updated = {"udate": udate, "updated_utc_timestamp": remove_offset(udate)}
        self._changes.setdefault(contact, {}).update(updated | fields)
        self.revision += 1

    def anonymize(self, contact: int, at: float) -> None:
        """Replace what identifies a person."""
        address = f"anonymized-{contact}@example.com"
        self.update(contact, at, email=address, **_ANONYMOUS)

    def mark_deleted(self, contact: int, at: float) -> None:
        """Mark a contact as deleted."""
        self.update(contact, at, deleted="1", deleted_at=remove_offset(format_date(at)))

    def subscribe(self, contact: int, list_id: int, status: int, at: float) -> None:
        """Set a contact's status on a list; raises ValueError if there is no such status."""
        if status not in range(4):
            raise ValueError(f"a status is 0 to 3, not {status}")
        rows = {row["list"]: row for row in self.build_subscriptions(contact)}
        since = rows.get(str(list_id), {"sdate": format_date(at)})["sdate"]
        rows[str(list_id)] = {
            "contact": str(contact),
            "list": str(list_id),
            "status": str(status),
            "sdate": since,
            "udate": format_date(at),
        }
        self._subscriptions[contact] = rows
        self.update(contact, at)

    def build_contact(self, contact: int) -> Document:
        """Return a contact as the API shows it."""
        return build_contact(contact) | self._changes.get(contact, {})

    def build_subscriptions(self, contact: int) -> list[Document]:
        """Return a contact's subscriptions as the API shows them."""
        rows = self._subscriptions.get(contact)
        return build_subscriptions(contact) if rows is None else list(rows.values())

    def get_dates(self, contact: int) -> tuple[float, float]:
        """Return when a contact was created and updated; minus infinity if never."""
        if contact not in self._changes:
            return get_dates(contact)
        document = self.build_contact(contact)
        created, updated = (parse_date(str(document[name])) for name in ("cdate", "udate"))
        return (
            _NEVER if created is None else created,
            _NEVER if updated is None else updated,
        )

    def get_statuses(self, contact: int) -> set[str]:
        """Return the statuses of a contact's subscriptions."""
        rows = self._subscriptions.get(contact)
        return get_statuses(contact) if rows is None else {row["status"] for row in rows.values()}

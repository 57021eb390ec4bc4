"""ActiveCampaign's API as its readers see it: what they ask, and the form of what is answered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from tap_activecampaign_segments.errors import MalformedResponseError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime


class Api(Protocol):
    """Reads from one account; `ActiveCampaignClient` does so over HTTP."""

    @property
    def server_time(self) -> datetime | None:
        """The ``Date`` of the last response, UTC."""

    def get(self, *path: str, confirm_404: bool = False, **params: object) -> dict[str, Any]:
        """Send ``GET /api/3/{path}``; see `ActiveCampaignClient.get`."""

    def get_user_id(self, *, confirm_404: bool) -> str | None:
        """Return the id of the API token's user; see `ActiveCampaignClient.get_user_id`."""


class ContactsApi(Api, Protocol):
    """Reads contacts too."""

    def get_contacts(self, params: Mapping[str, object]) -> dict[str, Any]:
        """Send ``GET contacts``; see `ActiveCampaignClient.get_contacts`."""


def resources(answer: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the objects under ``data``: an array (documented), or a single object (seen).

    Raises:
        MalformedResponseError: There is anything but objects.
    """
    data = answer["data"]
    found = data if isinstance(data, list) else [data]
    if not all(isinstance(item, dict) for item in found):
        msg = "the API answered with something else than objects under 'data'"
        raise MalformedResponseError(msg)
    return found


def attributes(resource: dict[str, Any]) -> dict[str, Any]:
    """Return the ``attributes`` of a resource.

    Raises:
        MalformedResponseError: It has none.
    """
    found = resource.get("attributes")
    if not isinstance(found, dict):
        msg = "the API answered with an object that has no 'attributes'"
        raise MalformedResponseError(msg)
    return found

"""HTTP clients of the sandbox."""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

if TYPE_CHECKING:
    import requests

    from tap_activecampaign_segments.sandbox import Export, Sandbox, Segment

NOW = 1_750_000_000.0
DAY = 86_400.0
MEMBERS = list(range(1, 31))
SCHEME = "PNAUTHINFO3-HMAC-SHA256"
PROFILES = "UserProfilePreferences"
OPERATIONS = ("initiate", "status", "data", "commit", "token")


def stamp(at: float) -> str:
    """Return epoch seconds as MyPreferences writes them."""
    moment = datetime.fromtimestamp(at, timezone.utc)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


class SegmentsClient:
    """Calls the Segments API."""

    def __init__(self, sandbox: Sandbox, session: requests.Session) -> None:
        self.sandbox = sandbox
        self.account = sandbox.account
        self._session = session

    def get(
        self,
        path: str,
        method: str = "GET",
        *,
        token: str | None = None,
        prefix: str = "/api/3",
        timeout: float = 10,
        **options: Any,
    ) -> requests.Response:
        """Send a request for a path below the prefix, by default with the account's token."""
        return self._session.request(
            method,
            f"{self.sandbox.url}{prefix}/{path}",
            headers={"Api-Token": self.sandbox.token if token is None else token},
            timeout=timeout,
            allow_redirects=False,
            **options,
        )

    def status(self, path: str = "audiences") -> int:
        return self.get(path).status_code

    def data(self, path: str) -> list[dict[str, Any]]:
        return self._data(self.get(path))

    def attributes(self, path: str, token: str | None = None) -> dict[str, Any]:
        (row,) = self._data(self.get(path, token=token))
        attributes: dict[str, Any] = row["attributes"]
        return attributes

    def names(self, query: str = "") -> list[str]:
        return [row["attributes"]["name"] for row in self.data(f"audiences?{query}")]

    def run(self, segment: Segment, query: str = "") -> dict[str, Any]:
        return self.attributes(f"segmentMatchAll/{segment.segment_id}?{query}")

    def read(self, run: dict[str, Any], query: str = "", verb: str = "All") -> dict[str, Any]:
        return self.attributes(f"segmentMatch{verb}/{run['segment_id']}/{run['run_id']}?{query}")

    def control(self, path: str, method: str, **options: Any) -> requests.Response:
        """Send a request to the sandbox's own routes."""
        return self.get(path, method, prefix="/sandbox", **options)

    @staticmethod
    def _data(response: requests.Response) -> list[dict[str, Any]]:
        assert response.status_code == 200, response.text
        rows: list[dict[str, Any]] = response.json()["data"]
        return rows


class PreparedSegmentsClient(SegmentsClient):
    """A client with a segment of thirty members, a count and a run of it."""

    def __init__(self, sandbox: Sandbox, session: requests.Session) -> None:
        super().__init__(sandbox, session)
        self.faults = sandbox.faults
        self.segment = sandbox.account.add_segment("VIP", MEMBERS)
        self.segment.add_count(sandbox.account.clock.time(), 30)
        self.vip = self.segment.segment_id
        self.run_id: str = self.attributes(f"segmentMatchAll/{self.vip}")["run_id"]
        self.run_path = f"segmentMatchAll/{self.vip}/{self.run_id}"


class ExportsClient:
    """Calls the export API with signed requests."""

    def __init__(self, sandbox: Sandbox, session: requests.Session) -> None:
        self.sandbox = sandbox
        self.preferences = sandbox.preferences
        self.session = session

    def signed(self, at: float | None = None, **changes: Any) -> str:
        known = self.preferences
        parts = {
            "secret": known.shared_secret,
            "client": known.client_id,
            "user": known.user_id,
            "timestamp": stamp(known.time() if at is None else at),
            **changes,
        }
        message = f"{parts['client']}:{parts['user']}:{parts['timestamp']}"
        digest = hmac.new(parts["secret"].encode(), message.encode(), hashlib.sha256).digest()
        credential = f"{parts['user']}/{parts['timestamp']}"
        return f"{SCHEME} Credential={credential} Signature={base64.b64encode(digest).decode()}"

    def request(
        self, method: str, path: str, authorization: str | None = None, **options: Any
    ) -> requests.Response:
        headers = {"Authorization": authorization or self.signed(), **options.pop("headers", {})}
        client = quote(self.preferences.client_id, safe="")
        return self.session.request(
            method,
            f"{self.sandbox.mypreferences_url}/Async/{client}/Export/{path}",
            headers=headers,
            timeout=10,
            allow_redirects=False,
            **options,
        )

    def initiate(self, name: str = "VIP", **body: Any) -> requests.Response:
        return self.request("POST", f"SegmentGroup/{quote(name, safe='')}", json=body)

    def export(self, name: str = "VIP", **body: Any) -> Export:
        response = self.initiate(name, **body)
        assert response.status_code == 200, response.text
        export = self.preferences.find_export(response.json()["AccessToken"])
        assert export
        return export

    def status(self, export: Export) -> dict[str, Any]:
        content: dict[str, Any] = self.request("GET", f"{export.token}/Status").json()
        return content

    def data(self, export: Export, query: str = "keepAlive=true") -> requests.Response:
        return self.request("GET", f"SegmentGroup/{export.token}?{query}")

    def ids(self, export: Export, query: str = "keepAlive=true") -> list[int]:
        return [each["ProfileId"] for each in self.data(export, query).json()[PROFILES]]

    def commit(self, export: Export, query: str = "keepFiles=false") -> requests.Response:
        return self.request("POST", f"SegmentGroup/Commit/{export.token}?{query}")

    def token(self, **changes: Any) -> requests.Response:
        known = self.preferences
        scope = f"{known.client_id}/{known.user_id}"
        return self.session.post(
            self.sandbox.oauth_token_url + changes.pop("query", ""),
            data={"grant_type": "client_credentials", "scope": scope, **changes.pop("form", {})},
            auth=changes.pop("auth", (known.oauth_client_id, known.oauth_client_secret)),
            headers=changes.pop("headers", {}),
            timeout=10,
            allow_redirects=False,
        )


class PreparedExportsClient(ExportsClient):
    """A client with a group of five profiles and an export of it."""

    def __init__(self, sandbox: Sandbox, session: requests.Session) -> None:
        super().__init__(sandbox, session)
        self.faults = sandbox.faults
        sandbox.preferences.add_group("VIP", [{"ProfileId": number} for number in range(1, 6)])
        self.first = self.export()

    def operate(self, operation: str) -> requests.Response:
        token = self.first.token
        if operation == "initiate":
            return self.initiate()
        if operation == "token":
            return self.token()
        if operation == "status":
            return self.request("GET", f"{token}/Status")
        return self.data(self.first) if operation == "data" else self.commit(self.first)

    def pages(self, export: Export, limit: int = 2) -> list[dict[str, Any]]:
        offsets = range(1, 7, limit)
        query = f"limit={limit}&keepAlive=true&offset="
        return [self.data(export, f"{query}{offset}").json() for offset in offsets]

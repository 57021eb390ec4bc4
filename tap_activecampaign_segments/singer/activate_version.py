"""ACTIVATE_VERSION: written last, and only once it is known that every record was emitted."""

from __future__ import annotations

from singer_sdk import Stream
from typing_extensions import override


class DeferredActivateVersion(Stream):
    """A stream whose ACTIVATE_VERSION waits until `activate_version`.

    The SDK writes it before the records, and once per parent. A target that deletes would then
    lose rows if the sync fails.
    """

    _version_to_activate: int | None = None

    @override
    def _write_activate_version_message(self, full_table_version: int) -> None:
        self._version_to_activate = full_table_version

    def activate_version(self) -> None:
        """Write the ACTIVATE_VERSION that was deferred, if there is one.

        Rows in BATCH files carry no version, so a target would drop all of them: then none is
        written.
        """
        if self._version_to_activate is not None and not self.get_batch_config(self.config):
            super()._write_activate_version_message(self._version_to_activate)
            self._version_to_activate = None

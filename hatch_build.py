"""Build hook: with ``REPOSITORY_URL`` set, the metadata link to the repository.

The package index shows the README outside its repository, where relative links lead nowhere.
"""

from __future__ import annotations

import os
from typing import Any

from hatch_fancy_pypi_readme import hooks

PLACEHOLDER = "$REPOSITORY_URL"


class RepositoryMetadataHook(hooks.FancyReadmeMetadataHook):
    """Sets the readme and, if the repository's address is known, the URLs."""

    def update(self, metadata: dict[str, Any]) -> None:
        """Update the project's metadata in place."""
        repository = os.environ.get("REPOSITORY_URL", "").rstrip("/")
        substitutions = self.config.pop("substitutions")
        if repository:
            self.config["substitutions"] = [
                {**each, "replacement": each["replacement"].replace(PLACEHOLDER, repository)}
                for each in substitutions
            ]
            metadata["urls"] = {
                "Repository": repository,
                "Documentation": f"{repository}/tree/HEAD/docs",
                "Changelog": f"{repository}/blob/HEAD/CHANGELOG.md",
                "Issues": f"{repository}/issues",
            }
        super().update(metadata)

"""The entry for the Meltano Hub: what the tap says of itself, and what only people know."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

NAME = "tap-activecampaign-segments"

CHECKED_IN = Path(__file__).with_name(f"{NAME}.yml")

HEAD = """\
# The tap's entry for the Meltano Hub, without repo and variant, which depend on where the
# repository is. Made by `make hub` from what the tap says of itself; what people know is in
# definition.py.
"""

WORDS: dict[str, Any] = {
    "description": "Who is in them, who joined, who left",
    "domain_url": "https://www.activecampaign.com/",
    "executable": NAME,
    "keywords": ["api", "meltano_sdk"],
    "label": "ActiveCampaign segments",
    "log_parser": "singer-sdk",
    # The Hub has it already, of another ActiveCampaign tap.
    "logo_url": "/assets/logos/extractors/activecampaign.png",
    "maintenance_status": "beta",
    "name": NAME,
    "namespace": "tap_activecampaign_segments",
    "next_steps": (
        "To try it without an account, install `tap-activecampaign-segments[sandbox]` and run "
        "`activecampaign-sandbox -- meltano run tap-activecampaign-segments target-jsonl`."
    ),
    "pip_url": NAME,
    "prereq": (
        "An API URL and an API key, both shown in ActiveCampaign under *Settings > Developer*; for "
        "segment groups of MyPreferences, its client id, user id and shared secret, or OAuth."
    ),
    # For the Hub to judge.
    "quality": "unknown",
    "select": ["*.*", "!match_all_results.*"],
    "settings_group_validation": [
        ["api_token", "api_url"],
        [
            "mypreferences.client_id",
            "mypreferences.segment_groups",
            "mypreferences.shared_secret",
            "mypreferences.user_id",
        ],
        [
            "mypreferences.client_id",
            "mypreferences.oauth_client_id",
            "mypreferences.oauth_client_secret",
            "mypreferences.oauth_token_url",
            "mypreferences.segment_groups",
            "mypreferences.user_id",
        ],
    ],
    "settings_preamble": (
        "ActiveCampaign's streams need `api_url` and `api_token`, MyPreferences' streams those "
        "settings that begin with `mypreferences.`; one source may stand without the other. "
        "`requests_per_second` and `max_left_share` are numbers of kind `string`, because Meltano "
        "4.4 cannot hand those of kind `decimal` to a tap when they come from the environment."
    ),
    "usage": (
        "Selected is every stream but `match_all_results`, the full result of each evaluation. "
        "Select it for ranks, or for a table of members that needs no SQL."
    ),
}

KINDS = {
    # Several types are accepted; these are the ones that the Hub gives for every SDK tap.
    "faker_config.locale": "array",
    "faker_config.seed": "string",
    # Meltano 4.4 cannot write a decimal that comes from the environment; the tap reads text.
    "max_left_share": "string",
    "requests_per_second": "string",
}
"""Kinds of settings that do not follow from the type."""


def entry() -> dict[str, Any]:
    """Return the entry that is checked in."""
    about = _about()
    settings = [_setting(name, schema) for name, schema in _leaves(about["settings"])]
    return WORDS | {
        "capabilities": sorted(about["capabilities"]),
        "settings": sorted(settings, key=lambda each: each["name"]),
        "supported_python_versions": about["supported_python_versions"],
    }


def located(found: Mapping[str, Any], repository: str) -> dict[str, Any]:
    """Return the whole entry.

    Args:
        found: The one that is checked in.
        repository: The URL of the tap's repository, whose owner is the variant.
    """
    address = repository.rstrip("/").removesuffix(".git")
    return {
        **found,
        "docs": f"{address}#readme",
        "repo": address,
        "variant": address.split("/")[-2].lower(),
    }


def text(found: Mapping[str, Any]) -> str:
    """Return an entry as the Hub writes them: in YAML, its keys sorted."""
    return yaml.safe_dump(dict(found), sort_keys=True, allow_unicode=True, width=100)


def _about() -> dict[str, Any]:
    command = [str(Path(sys.executable).with_name(NAME)), "--about", "--format", "json"]
    said = subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout  # noqa: S603
    return json.loads(said)  # type: ignore[no-any-return]


def _leaves(schema: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the settings as Meltano knows them: what lies in an object has a name with dots."""
    for name, property_ in schema["properties"].items():
        # What lies in stream maps is named by streams, not by settings.
        if property_.get("properties") and name != "stream_maps":
            yield from _leaves(property_, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", property_


def _setting(name: str, schema: Mapping[str, Any]) -> dict[str, Any]:
    found = {
        "name": name,
        "kind": _kind(name, schema),
        "label": schema["title"],
        "description": schema["description"],
    }
    if "default" in schema:
        found["value"] = schema["default"]
    if "enum" in schema:
        found["options"] = [{"label": each, "value": each} for each in schema["enum"]]
    # The name says nothing: a client id is no secret.
    if schema.get("secret"):
        found["sensitive"] = True
    return found


def _kind(name: str, schema: Mapping[str, Any]) -> str:
    if name in KINDS:
        return KINDS[name]
    if "enum" in schema:
        return "options"
    if schema.get("format") == "date-time":
        return "date_iso8601"
    [kind] = [each for each in schema["type"] if each != "null"]
    return str(kind)

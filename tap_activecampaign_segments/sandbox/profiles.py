"""Plausible profiles, and what is left of deleted ones."""

import json
from random import Random
from typing import Any, NamedTuple

from .chance import generator
from .instants import text

_FIRST = ("Ana", "Ben", "Chidi", "Dana", "Emre", "Fay", "Goran", "Hana", "Ines", "Jörg")
_LAST = ("Adler", "Brandt", "Costa", "Dunn", "Eriksen", "Fofana", "García", "Hoff", "Ito")
_LOCALES = ("en-US", "en-GB", "de-DE", "fr-FR", None)
_TOPICS = ("Newsletter", "Offers", "Surveys", "Events")
_CHANNELS = ("Email", "Phone", "Text")
_REASONS = ("CustomerRequest", "Duplicate", "Retention")

Profile = dict[str, Any]


class Row(NamedTuple):
    """A profile in a group.

    Attributes:
        profile_id: Whose it is.
        document: The profile in JSON.
        changed: Epoch seconds of the last change.
    """

    profile_id: int
    document: str
    changed: float


def row(profile: Profile, changed: float) -> Row:
    """A profile as it is kept: whatever happens to the dict afterwards changes nothing."""
    profile_id = profile.get("ProfileId")
    if not isinstance(profile_id, int):
        raise TypeError("a profile needs a ProfileId that is an integer")
    document = json.dumps(profile, separators=(",", ":"), ensure_ascii=False)
    return Row(profile_id, document, changed)


def deleted(profile_id: int, at: float, reason: str) -> Profile:
    """All that is told of a deleted profile."""
    return {"ProfileId": profile_id, "DateDeleted": text(at), "ReasonCode": reason}


def made_up_deletion(seed: tuple[object, ...], profile_id: int, at: float) -> Profile:
    """A deleted profile that follows from a seed."""
    return deleted(profile_id, at, generator(*seed, profile_id).choice(_REASONS))


def made_up(seed: tuple[object, ...], profile_id: int, at: float) -> Profile:
    """A profile that follows from a seed; some lack fields, some have more than the vendor tells.

    Args:
        seed: What it follows from.
        profile_id: Whose it is.
        at: Epoch seconds of its last change.
    """
    chance = generator(*seed, profile_id)
    first, last = chance.choice(_FIRST), chance.choice(_LAST)
    mobile = f"+1555{profile_id % 10_000_000:07d}"
    profile: Profile = {
        "ProfileId": profile_id,
        "IsActive": _happens(chance, 95),
        "RegistrationConfirmed": _happens(chance, 90),
        "PreservePreferences": False,
        "PreserveConsents": _happens(chance, 50),
        "CustomerType": chance.choice(("Consumer", "Business")),
        "DefaultLocale": chance.choice(_LOCALES),
        "CustomerName": {"First": first, "Middle": None, "Last": last},
        "Edited": {"Date": text(at), "By": "sandbox"},
        "Consents": [
            {
                "Channel": channel,
                "Purpose": "Marketing",
                "Status": chance.choice(("OptIn", "OptOut")),
                "Date": text(at - chance.randrange(86_400)),
            }
            for channel in chance.sample(_CHANNELS, chance.randint(1, len(_CHANNELS)))
        ],
        "ProfilePreferences": [
            {"Name": topic, "Value": _happens(chance, 60)}
            for topic in chance.sample(_TOPICS, chance.randint(0, len(_TOPICS)))
        ],
        "AlternateIds": [{"Type": "CrmId", "Value": f"C-{profile_id:08d}"}],
        "Addresses": [],
        "PhoneNumbers": [{"Type": "Mobile", "Value": mobile, "IsPrimary": True}],
        "Emails": [
            {
                "Type": "Personal",
                "Value": f"{first}.{last}.{profile_id}@example.com".lower(),
                "IsPrimary": True,
            }
        ],
        "Groups": [],
        "ProfileTags": [{"Name": "vip"}] if _happens(chance, 10) else [],
        "CustomFields": [{"Name": "Shop", "Value": chance.randint(1, 40)}],
        "ReasonCode": None,
    }
    if _happens(chance, 10):
        profile |= {"PhoneNumbers": None, "CustomerName": None}
    if _happens(chance, 10):
        del profile["Addresses"], profile["CustomFields"]
    if _happens(chance, 10):
        profile |= {"LoyaltyTier": "gold", "Household": {"Size": chance.randint(1, 6)}}
    return profile


def _happens(chance: Random, percent: int) -> bool:
    return chance.randrange(100) < percent

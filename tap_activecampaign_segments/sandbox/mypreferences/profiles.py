"""Profiles: generated, deleted, and as a group stores them."""

import json
from random import Random
from typing import Any, NamedTuple

from tap_activecampaign_segments.sandbox.seeded import make_random

from .timestamps import format_timestamp

_FIRST = ("Ana", "Ben", "Chidi", "Dana", "Emre", "Fay", "Goran", "Hana", "Ines", "Jörg")
_LAST = ("Adler", "Brandt", "Costa", "Dunn", "Eriksen", "Fofana", "García", "Hoff", "Ito")
_LOCALES = ("en-US", "en-GB", "de-DE", "fr-FR", None)
_TOPICS = ("Newsletter", "Offers", "Surveys", "Events")
_CHANNELS = ("Email", "Phone", "Text")
_REASONS = ("CustomerRequest", "Duplicate", "Retention")

FIRST_ID = 100_001
"""Id of the first generated profile."""

Profile = dict[str, Any]


class Row(NamedTuple):
    """A profile as a group stores it.

    Attributes:
        profile_id: The ``ProfileId``.
        document: The profile as JSON text.
        changed: Epoch seconds of the last change.
    """

    profile_id: int
    document: str
    changed: float


def make_row(profile: Profile, changed: float) -> Row:
    """Return a profile as a row; raises TypeError without an integer ``ProfileId``."""
    profile_id = profile.get("ProfileId")
    if not isinstance(profile_id, int):
        raise TypeError("a profile needs a ProfileId that is an integer")
    document = json.dumps(profile, separators=(",", ":"), ensure_ascii=False)
    return Row(profile_id, document, changed)


def make_deleted(profile_id: int, at: float, reason: str) -> Profile:
    """Return what the API shows of a deleted profile; `at` in epoch seconds."""
    return {"ProfileId": profile_id, "DateDeleted": format_timestamp(at), "ReasonCode": reason}


def generate_deleted(seed: tuple[object, ...], profile_id: int, at: float) -> Profile:
    """Return a deleted profile with a reason that depends on the seed."""
    return make_deleted(profile_id, at, make_random(*seed, profile_id).choice(_REASONS))


def generate_profile(seed: tuple[object, ...], profile_id: int, at: float) -> Profile:
    """Return a profile that depends on the seed. Some lack fields, some have undocumented ones.

    Args:
        seed: What it depends on.
        profile_id: The ``ProfileId``.
        at: Epoch seconds of the last change.
    """
    generator = make_random(*seed, profile_id)
    first, last = generator.choice(_FIRST), generator.choice(_LAST)
    mobile = f"+1555{profile_id % 10_000_000:07d}"
    profile: Profile = {
        "ProfileId": profile_id,
        "IsActive": _decide(generator, 95),
        "RegistrationConfirmed": _decide(generator, 90),
        "PreservePreferences": False,
        "PreserveConsents": _decide(generator, 50),
        "CustomerType": generator.choice(("Consumer", "Business")),
        "DefaultLocale": generator.choice(_LOCALES),
        "CustomerName": {"First": first, "Middle": None, "Last": last},
        "Edited": {"Date": format_timestamp(at), "By": "sandbox"},
        "Consents": [
            {
                "Channel": channel,
                "Purpose": "Marketing",
                "Status": generator.choice(("OptIn", "OptOut")),
                "Date": format_timestamp(at - generator.randrange(86_400)),
            }
            for channel in generator.sample(_CHANNELS, generator.randint(1, len(_CHANNELS)))
        ],
        "ProfilePreferences": [
            {"Name": topic, "Value": _decide(generator, 60)}
            for topic in generator.sample(_TOPICS, generator.randint(0, len(_TOPICS)))
        ],
        "AlternateIds": [{"Type": "CrmId", "Value": f"C-{profile_id:08d}"}],
        "Addresses": [],
        "PhoneNumbers": [{"Type": "Mobile", "Value": mobile, "IsPrimary": True}],
        "Emails": [
            {
                "Type": "Personal",
                "Value": f"{first}.{last}.{profile_id}@example.com".lower(),
                "IsPrimary": True,
            },
            # That of a contact in ActiveCampaign's sandbox: most people are known to both vendors.
            {
                "Type": "Work",
                "Value": f"contact{profile_id % FIRST_ID + 1}@example.com",
                "IsPrimary": False,
            },
        ],
        "Groups": [],
        "ProfileTags": [{"Name": "vip"}] if _decide(generator, 10) else [],
        "CustomFields": [{"Name": "Shop", "Value": generator.randint(1, 40)}],
        "ReasonCode": None,
    }
    if _decide(generator, 10):
        profile |= {"PhoneNumbers": None, "CustomerName": None}
    if _decide(generator, 10):
        del profile["Addresses"], profile["CustomFields"]
    if _decide(generator, 10):
        profile |= {"LoyaltyTier": "gold", "Household": {"Size": generator.randint(1, 6)}}
    return profile


def _decide(generator: Random, percent: int) -> bool:
    """Return True in `percent` of 100 cases."""
    return generator.randrange(100) < percent

"""The vocabulary: what objects, fields and operators are called in a sentence.

The API documents the operators, and of the objects and fields only ``tag`` and ``tagid``. The other
names are those that ActiveCampaign uses elsewhere, in several spellings. Names are compared in
lower case and without punctuation; what is not listed here is described generically.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType

RELATIONS = MappingProxyType(
    {
        "=": "is {}",
        "is": "is {}",
        "!=": "is not {}",
        "is not": "is not {}",
        "<": "is less than {}",
        ">": "is more than {}",
        "<=": "is at most {}",
        ">=": "is at least {}",
        "starts with": "starts with {}",
        "does not start with": "does not start with {}",
        "contains": "contains {}",
        "does not contain": "does not contain {}",
        "is in any": "is any of {}",
        "missing at least one": "is missing at least one of {}",
        "empty": "is empty",
        "not empty": "is not empty",
        "empty|=": "is either empty or {}",
        "empty|<": "is either empty or less than {}",
        "empty|<=": "is either empty or at most {}",
        "wildcard match": "matches the pattern {}",
        "any": "has any of {}",
        "not_previous": "is not within the previous {}",
        "between": "is between {}",
        "not between": "is not between {}",
        "all": "has all of {}",
        "none": "has none of {}",
        "aggregate of": "is the aggregate of {}",
        "": "has no operator and the value {}",
    }
)
"""The words of each operator; ``{}`` is the value."""

DATE_RELATIONS = MappingProxyType(
    {
        "=": "is on {}",
        "is": "is on {}",
        "!=": "is not on {}",
        "is not": "is not on {}",
        "<": "is before {}",
        ">": "is after {}",
        "<=": "is on or before {}",
        ">=": "is on or after {}",
        "empty|=": "is either empty or on {}",
        "empty|<": "is either empty or before {}",
        "empty|<=": "is either empty or no later than {}",
    }
)
"""The words for a date or a time, where they differ."""

SEVERAL_RELATIONS = MappingProxyType(
    {
        "=": "is any of {}",
        "is": "is any of {}",
        "!=": "is none of {}",
        "is not": "is none of {}",
        "empty|=": "is either empty or any of {}",
    }
)
"""The words for several values, where they differ."""

WITHOUT_VALUE = MappingProxyType(
    {"any": "has any value", "all": "has all values", "none": "has no value", "": "has no operator"}
)
"""The words where no value is given."""

LIST_OPERATORS = frozenset({"is in any", "missing at least one", "any", "all", "none"})
"""Operators whose value may be several, separated by commas."""
RANGE_OPERATORS = frozenset({"between", "not between"})
VALUELESS_OPERATORS = frozenset({"empty", "not empty"})
EQUAL = frozenset({"=", "is"})
NOT_EQUAL = frozenset({"!=", "is not"})
DATE_TYPES = frozenset({"date", "datetime"})

ACTIVECAMPAIGN = "activecampaign"
CONTACT = frozenset({"contact", "contacts", "subscriber", "person", "contactdetail"})
CUSTOM_FIELD = frozenset(
    {
        *("field", "fields", "fieldvalue", "fieldvalues", "customfield", "customfields"),
        *("contactfield", "contactfields", "contactfieldvalue", "contactcustomfield"),
        *("contactcustomfields", "customfieldvalue"),
    }
)
SCORE = frozenset({"score", "scores", "scorevalue", "scorevalues", "contactscore"})

NUMBER_NAMES = frozenset({"fieldid", "customfieldid", "scoreid", "id"})
"""Fields that say which custom field or score is meant."""
VALUE_NAMES = frozenset({"value", "val", "fieldvalue", "scorevalue", "score", "points", "field"})
"""Fields that are the value of the custom field or score."""

CONTACT_FIELDS = MappingProxyType(
    {
        "email": "email",
        "emailaddress": "email",
        "emaildomain": "email domain",
        "phone": "phone",
        "phonenumber": "phone",
        "firstname": "first name",
        "lastname": "last name",
        "fullname": "full name",
        "accountname": "account name",
        "orgname": "organization",
        "organization": "organization",
        "jobtitle": "job title",
        "ip": "IP address",
        "ipaddress": "IP address",
        "score": "score",
        "id": "contact id",
        "contactid": "contact id",
    }
)
"""Fields of a contact whose name is not their label."""

CONTACT_DATES = MappingProxyType(
    {
        **dict.fromkeys(
            ("cdate", "created", "createdat", "createddate", "datecreated", "createdtimestamp"),
            ("created", "creation date"),
        ),
        **dict.fromkeys(
            ("udate", "updated", "updatedat", "updateddate", "dateupdated", "updatedtimestamp"),
            ("updated", "date of the last update"),
        ),
        **dict.fromkeys(
            ("sdate", "subscribed", "subscribedat", "subscribeddate", "datesubscribed"),
            ("subscribed", "subscription date"),
        ),
    }
)
"""Dates of a contact: what was done on it, and what it is called."""

IDENTITY_NAMES = frozenset(
    {
        *("email", "emailaddress", "mail", "phone", "phonenumber", "mobile", "mobilephone", "tel"),
        *("telephone", "cellphone", "smsphone", "firstname", "lastname", "fullname", "surname"),
        *("givenname", "familyname", "middlename", "nickname", "username", "contactname"),
        *("name", "fname", "lname", "whatsapp", "fax", "ip", "ipaddress"),
    }
)
"""Fields that may identify a person."""
IDENTITY_PARTS = (
    *("email", "phone", "firstname", "lastname", "fullname"),
    *("address", "street", "birth"),
)
"""Parts of the names of such fields."""


@dataclass(frozen=True)
class Phrase:
    """How a condition on an object is worded.

    Attributes:
        has: The verb: ``has``, ``is on``.
        has_not: Its negation.
        noun: ``tag``, for "any tag" and "any of the tags".
        keys: Fields that hold the id of what is meant.
        article: Goes before the noun: ``a tag``.
        named: Goes before an id: ``the tag``; the noun if empty.
        campaign_keys: Fields that hold the id of the campaign, if that is something else.
    """

    has: str
    has_not: str
    noun: str
    keys: frozenset[str]
    article: str = "a"
    named: str = ""
    campaign_keys: frozenset[str] = frozenset()

    @property
    def one(self) -> str:
        """``a tag``."""
        return f"{self.article} {self.noun}"

    @property
    def name(self) -> str:
        """``the tag``, before an id."""
        return self.named or self.noun

    @property
    def several(self) -> str:
        """``the tags``."""
        return f"the {self.noun}s"


def _keys(names: str) -> frozenset[str]:
    return frozenset(names.split())


_CAMPAIGN = _keys("campaignid campaign")


def _on_campaign(participle: str) -> Phrase:
    return Phrase(f"has {participle}", f"has not {participle}", "campaign", _CAMPAIGN)


def _with_aliases(phrases: dict[str, Phrase]) -> dict[str, Phrase]:
    return {alias: phrase for aliases, phrase in phrases.items() for alias in aliases.split()}


PHRASES = MappingProxyType(
    _with_aliases(
        {
            "tag tags contacttag contacttags": Phrase(
                "has", "does not have", "tag", _keys("tagid tag tagids id"), named="the tag"
            ),
            "list lists contactlist contactlists listsubscription": Phrase(
                "is on", "is not on", "list", _keys("listid list listids id")
            ),
            "automation automations contactautomation series": Phrase(
                "has entered",
                "has not entered",
                "automation",
                _keys("automationid automation seriesid series"),
                article="an",
            ),
            "goal goals contactgoal": Phrase(
                "has achieved", "has not achieved", "goal", _keys("goalid goal")
            ),
            "form forms formsubmission formsubmit": Phrase(
                "has submitted", "has not submitted", "form", _keys("formid form")
            ),
            "segment segments": Phrase(
                "is in", "is not in", "segment", _keys("segmentid segment id")
            ),
            "account accounts accountcontact": Phrase(
                "belongs to",
                "does not belong to",
                "account",
                _keys("accountid account"),
                article="an",
            ),
            "open opens opened emailopen emailopens campaignopen messageopen": _on_campaign(
                "opened"
            ),
            "click clicks clicked link links linkclick linkclicks emailclick": Phrase(
                "has clicked",
                "has not clicked",
                "link",
                _keys("linkid link linkurl"),
                campaign_keys=_CAMPAIGN,
            ),
            "reply replies replied emailreply campaignreply": _on_campaign("replied to"),
            "send sends sent campaign campaigns campaignsend emailsend": _on_campaign("been sent"),
            "forward forwards campaignforward": _on_campaign("forwarded"),
            "share shares campaignshare": _on_campaign("shared"),
            "page pages pagevisit pageview sitevisit sitevisits visit visits": Phrase(
                "has visited",
                "has not visited",
                "page",
                _keys("url page pageurl pageid webpage"),
                named="the page",
            ),
            "event events customevent trackingevent eventtracking": Phrase(
                "has triggered",
                "has not triggered",
                "event",
                _keys("event eventname eventid name"),
                article="an",
                named="the event",
            ),
            "deal deals contactdeal": Phrase(
                "has", "does not have", "deal", _keys("dealid deal"), named="the deal"
            ),
            "order orders purchase purchases ecommerceorder ecomorder": Phrase(
                "has placed",
                "has not placed",
                "order",
                _keys("orderid order"),
                article="an",
                named="the order",
            ),
            "cart carts abandonedcart ecommercecart ecomcart": Phrase(
                "has abandoned",
                "has not abandoned",
                "cart",
                _keys("cartid cart"),
                named="the cart",
            ),
            "product products orderproduct ecommerceproduct ecomproduct": Phrase(
                "has bought",
                "has not bought",
                "product",
                _keys("productid product productname sku"),
                named="the product",
            ),
        }
    )
)
"""The objects that are named idiomatically."""

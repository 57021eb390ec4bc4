"""The vocabulary: what objects, fields and operators are called in a sentence.

The API documents the operators, and of the objects and fields only ``tag`` and ``tagid``. The other
names are those that ActiveCampaign uses elsewhere, in several spellings. Names are compared in lower
case and without punctuation; what is not listed here is described generically.
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
        *("name", "fname", "lname", "whatsapp", "fax"),
    }
)
"""Fields that may hold an e-mail address, a phone number or a person's name."""
IDENTITY_PARTS = ("email", "phone", "firstname", "lastname", "fullname")
"""Parts of the names of such fields."""


@dataclass(frozen=True)
class Phrase:
    """How a condition on an object is worded.

    Attributes:
        has: The verb: ``has``, ``is on``.
        has_not: Its negation.
        noun: Goes before an id: ``the tag``.
        any_one: ``tag``, for "any tag".
        one: ``a tag``.
        several: ``the tags``, for "any of the tags".
        keys: Fields that hold the id of what is meant.
        campaign_keys: Fields that hold the id of the campaign, if that is something else.
    """

    has: str
    has_not: str
    noun: str
    any_one: str
    one: str
    several: str
    keys: frozenset[str]
    campaign_keys: frozenset[str] = frozenset()


_CAMPAIGN = frozenset({"campaignid", "campaign"})


def _on_campaign(participle: str) -> Phrase:
    return Phrase(
        f"has {participle}",
        f"has not {participle}",
        "campaign",
        "campaign",
        "a campaign",
        "the campaigns",
        _CAMPAIGN,
    )


_TAG = Phrase(
    "has",
    "does not have",
    "the tag",
    "tag",
    "a tag",
    "the tags",
    frozenset({"tagid", "tag", "tagids", "id"}),
)
_LIST = Phrase(
    "is on",
    "is not on",
    "list",
    "list",
    "a list",
    "the lists",
    frozenset({"listid", "list", "listids", "id"}),
)
_AUTOMATION = Phrase(
    "has entered",
    "has not entered",
    "automation",
    "automation",
    "an automation",
    "the automations",
    frozenset({"automationid", "automation", "seriesid", "series"}),
)
_GOAL = Phrase(
    "has achieved",
    "has not achieved",
    "goal",
    "goal",
    "a goal",
    "the goals",
    frozenset({"goalid", "goal"}),
)
_FORM = Phrase(
    "has submitted",
    "has not submitted",
    "form",
    "form",
    "a form",
    "the forms",
    frozenset({"formid", "form"}),
)
_SEGMENT = Phrase(
    "is in",
    "is not in",
    "segment",
    "segment",
    "a segment",
    "the segments",
    frozenset({"segmentid", "segment", "id"}),
)
_ACCOUNT = Phrase(
    "belongs to",
    "does not belong to",
    "account",
    "account",
    "an account",
    "the accounts",
    frozenset({"accountid", "account"}),
)
_CLICK = Phrase(
    "has clicked",
    "has not clicked",
    "link",
    "link",
    "a link",
    "the links",
    frozenset({"linkid", "link", "linkurl"}),
    _CAMPAIGN,
)
_PAGE = Phrase(
    "has visited",
    "has not visited",
    "the page",
    "page",
    "a page",
    "the pages",
    frozenset({"url", "page", "pageurl", "pageid", "webpage"}),
)
_EVENT = Phrase(
    "has triggered",
    "has not triggered",
    "the event",
    "event",
    "an event",
    "the events",
    frozenset({"event", "eventname", "eventid", "name"}),
)
_DEAL = Phrase(
    "has", "does not have", "deal", "deal", "a deal", "the deals", frozenset({"dealid", "deal"})
)
_ORDER = Phrase(
    "has placed",
    "has not placed",
    "order",
    "order",
    "an order",
    "the orders",
    frozenset({"orderid", "order"}),
)
_CART = Phrase(
    "has abandoned",
    "has not abandoned",
    "cart",
    "cart",
    "a cart",
    "the carts",
    frozenset({"cartid", "cart"}),
)
_PRODUCT = Phrase(
    "has bought",
    "has not bought",
    "the product",
    "product",
    "a product",
    "the products",
    frozenset({"productid", "product", "productname", "sku"}),
)

PHRASES = MappingProxyType(
    {
        **dict.fromkeys(("tag", "tags", "contacttag", "contacttags"), _TAG),
        **dict.fromkeys(
            ("list", "lists", "contactlist", "contactlists", "listsubscription"), _LIST
        ),
        **dict.fromkeys(("automation", "automations", "contactautomation", "series"), _AUTOMATION),
        **dict.fromkeys(("goal", "goals", "contactgoal"), _GOAL),
        **dict.fromkeys(("form", "forms", "formsubmission", "formsubmit"), _FORM),
        **dict.fromkeys(("segment", "segments"), _SEGMENT),
        **dict.fromkeys(("account", "accounts", "accountcontact"), _ACCOUNT),
        **dict.fromkeys(
            ("open", "opens", "opened", "emailopen", "emailopens", "campaignopen", "messageopen"),
            _on_campaign("opened"),
        ),
        **dict.fromkeys(
            (
                "click",
                "clicks",
                "clicked",
                "link",
                "links",
                "linkclick",
                "linkclicks",
                "emailclick",
            ),
            _CLICK,
        ),
        **dict.fromkeys(
            ("reply", "replies", "replied", "emailreply", "campaignreply"),
            _on_campaign("replied to"),
        ),
        **dict.fromkeys(
            ("send", "sends", "sent", "campaign", "campaigns", "campaignsend", "emailsend"),
            _on_campaign("been sent"),
        ),
        **dict.fromkeys(("forward", "forwards", "campaignforward"), _on_campaign("forwarded")),
        **dict.fromkeys(("share", "shares", "campaignshare"), _on_campaign("shared")),
        **dict.fromkeys(
            ("bounce", "bounces", "campaignbounce"), _on_campaign("bounced a message of")
        ),
        **dict.fromkeys(
            (
                "page",
                "pages",
                "pagevisit",
                "pageview",
                "sitevisit",
                "sitevisits",
                "visit",
                "visits",
            ),
            _PAGE,
        ),
        **dict.fromkeys(
            ("event", "events", "customevent", "trackingevent", "eventtracking"), _EVENT
        ),
        **dict.fromkeys(("deal", "deals", "contactdeal"), _DEAL),
        **dict.fromkeys(
            ("order", "orders", "purchase", "purchases", "ecommerceorder", "ecomorder"), _ORDER
        ),
        **dict.fromkeys(("cart", "carts", "abandonedcart", "ecommercecart", "ecomcart"), _CART),
        **dict.fromkeys(
            ("product", "products", "orderproduct", "ecommerceproduct", "ecomproduct"), _PRODUCT
        ),
    }
)
"""The objects that are named idiomatically."""

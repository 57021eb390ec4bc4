"""The facts that the tap relies on and that no live account has confirmed.

They are declared here only. The table of docs/explanation/unverified.md and the rows of the command
come from this list, and the sandbox can make each of them otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

DOCUMENTED = "documented"
SEEN = "seen in production by others"
INFERRED = "inferred"


class Subject(Enum):
    """What a fact is about; the order is that of the table."""

    ACCOUNT = "account"
    LISTING = "listing"
    DEFINITIONS = "definitions"
    COUNTS = "count history"
    RUNS = "runs"
    RECORDED = "recorded runs"
    CONTACTS = "contacts"


@dataclass(frozen=True)
class Fact:
    """One assumption about the API.

    Attributes:
        key: Its name in the report and in the sandbox.
        subject: What it is about.
        sentence: The assumption, in Markdown. It can turn out to be otherwise.
        certainty: What it rests on.
        otherwise: What follows for the user if it is otherwise, in Markdown.
    """

    key: str
    subject: Subject
    sentence: str
    certainty: str
    otherwise: str


FACTS = (
    Fact(
        "user_is_told",
        Subject.ACCOUNT,
        "`GET users/me` returns the token's user",
        DOCUMENTED,
        "the user counts as another one whenever the token changes: a baseline follows",
    ),
    Fact(
        "forbidden_is_intermittent",
        Subject.ACCOUNT,
        "a 403 goes away on a retry",
        SEEN,
        "each one costs two requests in vain",
    ),
    Fact(
        "rate_limit_is_told",
        Subject.ACCOUNT,
        "`RateLimit-Limit` is 5",
        DOCUMENTED,
        "if it is lower, set `requests_per_second` below it; if it is missing, nothing follows",
    ),
    Fact(
        "clocks_agree",
        Subject.ACCOUNT,
        "this clock agrees with ActiveCampaign's",
        INFERRED,
        "`listed_at` is the server's time; correct this machine's clock",
    ),
    Fact(
        "not_found_has_known_form",
        Subject.ACCOUNT,
        "a 404 has `errors`, `No Result found` or no body",
        SEEN,
        "it is retried, and then fails the task that made the request",
    ),
    Fact(
        "data_is_array",
        Subject.ACCOUNT,
        "`data` is an array",
        "documented; others saw an object",
        "nothing: an object is accepted as well",
    ),
    Fact(
        "empty_listing_is_404",
        Subject.LISTING,
        "an empty listing answers 404",
        SEEN,
        "nothing: an empty list is accepted as well",
    ),
    Fact(
        "listing_tells_last_page",
        Subject.LISTING,
        "the listing has `meta.page.last_page`",
        SEEN,
        "`meta.total` works as well; without either, the first empty page ends the listing",
    ),
    Fact(
        "version_before_is_found",
        Subject.DEFINITIONS,
        "a version is found just before the next one",
        INFERRED,
        "requested again a second earlier; then `segment_definitions` fails for the segment",
    ),
    Fact(
        "run_names_definition",
        Subject.DEFINITIONS,
        "`segment_timestamp` is the definition's date",
        INFERRED,
        "join runs with the version in force then; `definition_changed` may be true too often",
    ),
    Fact(
        "history_is_newest_first",
        Subject.COUNTS,
        "the count history comes newest first",
        "inferred, likely",
        "`count_history` fails for that segment",
    ),
    Fact(
        "count_id_is_unique",
        Subject.COUNTS,
        "a count's `id` is unique within its segment",
        INFERRED,
        "nothing: it is not in the key",
    ),
    Fact(
        "unknown_history_is_404",
        Subject.COUNTS,
        "an unknown segment's history answers 404",
        INFERRED,
        "a segment that is gone looks like one without counts",
    ),
    Fact(
        "count_settles_in_a_day",
        Subject.COUNTS,
        "no count is updated for longer than a day",
        INFERRED,
        "the row in the table stays as it was after a day",
    ),
    Fact(
        "own_run_is_counted",
        Subject.COUNTS,
        "the tap's own run is in the count history",
        INFERRED,
        "fewer rows in `count_history`, and one request less per segment and sync",
    ),
    Fact(
        "own_run_is_last_total",
        Subject.COUNTS,
        "the tap's own run becomes the `last_total`",
        INFERRED,
        "the listing's count is a weaker cross-check: only runs of others renew it",
    ),
    Fact(
        "new_run_is_known_at_once",
        Subject.RUNS,
        "a run is known as soon as it was started",
        INFERRED,
        "requested again: a 404 is not accepted in the first 30 s",
    ),
    Fact(
        "ready_run_has_end",
        Subject.RUNS,
        "a ready run has `run_id_end`",
        INFERRED,
        "its start is used instead, never a local clock",
    ),
    Fact(
        "run_starts_later",
        Subject.RUNS,
        "a run starts later than the one before",
        INFERRED,
        "the segment fails that night",
    ),
    Fact(
        "layout_agrees",
        Subject.RUNS,
        "`last_page` and `per_page` agree with `total`",
        "documented by example",
        "the segment fails",
    ),
    Fact(
        "page_order_is_kept",
        Subject.RUNS,
        "the pages of a run keep their order",
        INFERRED,
        "detected by counting distinct ids; the result is read again",
    ),
    Fact(
        "result_can_be_paged",
        Subject.RUNS,
        "a result of any size can be paged through",
        "inferred, no cap is documented",
        "fewer ids than `total`: the segment fails",
    ),
    Fact(
        "nothing_after_last_page",
        Subject.RUNS,
        "the page after the last has no further ids",
        INFERRED,
        "more ids there fail the segment",
    ),
    Fact(
        "empty_result_has_total",
        Subject.RUNS,
        "an empty result has `page` with `total` 0",
        INFERRED,
        "it counts as empty only if a second read agrees",
    ),
    Fact(
        "external_is_rejected",
        Subject.RUNS,
        "evaluating an external condition answers 400",
        INFERRED,
        "any other answer fails that segment: name it in `exclude_segments`",
    ),
    Fact(
        "match_some_has_same_ids",
        Subject.RUNS,
        "`segmentMatchSome` reads a match-all run",
        DOCUMENTED,
        "recorded runs cannot be read: leave `backfill_days` and `reuse_runs_within` at 0",
    ),
    Fact(
        "recorded_run_is_readable",
        Subject.RECORDED,
        "the newest recorded run can be read",
        INFERRED,
        "leave `backfill_days` and `reuse_runs_within` at 0: they cost requests in vain",
    ),
    Fact(
        "recorded_run_is_kept",
        Subject.RECORDED,
        "recorded runs are kept for 90 days",
        DOCUMENTED,
        "`backfill_days` reaches less far; if it holds for the tap's runs too, sync more often",
    ),
    Fact(
        "recorded_run_ended_with_count",
        Subject.RECORDED,
        "a recorded run ended when it was counted",
        INFERRED,
        "recorded runs are skipped: their order would not be certain",
    ),
    Fact(
        "recorded_run_has_counted_ids",
        Subject.RECORDED,
        "a recorded run has as many ids as its count",
        INFERRED,
        "recorded runs that differ are skipped",
    ),
    Fact(
        "token_sees_recorded_runs",
        Subject.RECORDED,
        "the token's user sees all of a recorded run",
        INFERRED,
        "recorded runs are left out, with a warning: use a token of the Admin group",
    ),
    Fact(
        "deleted_contact_stays",
        Subject.RECORDED,
        "a deleted contact stays in earlier results",
        INFERRED,
        "a baseline follows when a contact of the previous result was deleted",
    ),
    Fact(
        "contact_lists_are_included",
        Subject.CONTACTS,
        "`include=contactLists` brings `contactLists`",
        SEEN,
        "`subscriptions` is null",
    ),
    Fact(
        "ids_select_contacts",
        Subject.CONTACTS,
        "`ids[]` selects contacts",
        DOCUMENTED,
        "`contacts` cannot be read by id: set it to `all`",
    ),
    Fact(
        "updated_after_selects_contacts",
        Subject.CONTACTS,
        "`filters[updated_after]` selects contacts",
        DOCUMENTED,
        "`contacts: all` reads the whole account in every sync",
    ),
    Fact(
        "id_greater_pages_contacts",
        Subject.CONTACTS,
        "`id_greater` pages contacts in order of ids",
        DOCUMENTED,
        "the whole account cannot be read: leave `contacts` at `joined`",
    ),
)
"""All facts, in the order of the table."""

FACTS_BY_KEY = {fact.key: fact for fact in FACTS}

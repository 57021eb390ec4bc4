"""Words of three dialects: functions and types that the package may use, and reserved words.

sqlglot reads the functions and types of all dialects in each of them, so that a function of DuckDB
in a model for Snowflake is no error to it. What is not listed here was not looked up in the
warehouse's manual yet: look it up, then add it.
"""

from __future__ import annotations

from sqlglot.generators.bigquery import BigQueryGenerator
from sqlglot.generators.redshift import RedshiftGenerator


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_FUNCTIONS = _words("""
    abs avg cast ceil coalesce concat count current_timestamp date_trunc dense_rank extract
    first_value floor greatest lag last_value lead least length lower max min mod nullif power rank
    regexp_replace replace round row_number sign sqrt substr substring sum translate trim upper
""")
_SYNTAX = _words("""
    all and any as between by create delete distinct else except exists from group having if in
    insert intersect into is join key like not on options or order over partition primary replace
    select set table then union unique update using values when where with within
""")
"""Words that may stand before a parenthesis and call nothing."""

FUNCTIONS = {
    "snowflake": _FUNCTIONS
    | _words("""
        array_agg array_size boolor_agg booland_agg convert_timezone count_if date_part dateadd
        datediff flatten get get_path hash iff listagg max_by md5 min_by object_construct parse_json
        ratio_to_report regexp_like sha2 split_part strtok_to_array sysdate to_char to_date
        to_timestamp_ntz to_varchar to_variant try_cast try_parse_json zeroifnull
    """),
    "bigquery": _FUNCTIONS
    | _words("""
        array array_agg array_length countif current_date date date_add date_diff date_sub
        datetime_add format format_timestamp generate_array generate_date_array json_extract_scalar
        json_query json_query_array json_value json_value_array logical_and logical_or md5
        parse_json regexp_contains safe_cast safe_divide sha256 split starts_with string_agg struct
        timestamp timestamp_add timestamp_diff timestamp_sub timestamp_trunc to_hex to_json
        to_json_string unnest
    """),
    "redshift": _FUNCTIONS
    | _words("""
        bool_and bool_or convert_timezone date_part dateadd datediff func_sha1 getdate
        is_valid_json json_extract_path_text json_parse json_serialize json_typeof listagg md5 nvl
        regexp_instr sha2 split_part strpos to_char to_date to_timestamp
    """)
    - _words("current_timestamp"),  # of the leader node only
}

TYPES = {
    # TIMESTAMP is what the session's TIMESTAMP_TYPE_MAPPING says.
    "snowflake": _words("""
        array bigint boolean date datetime decimal double float int integer number numeric object
        string text timestamp_ltz timestamp_ntz timestamp_tz varchar variant
    """)
    | {"double precision"},
    "bigquery": _words("""
        array bigint bignumeric bool boolean bytes date datetime decimal float64 int int64 integer
        json numeric string struct time timestamp
    """),
    # TEXT is VARCHAR(256) where it is the type of a column.
    "redshift": _words("""
        bigint bool boolean char character date decimal double float float8 int integer numeric
        real smallint super timestamp timestamptz varchar
    """)
    | {"double precision", "character varying"},
}

RESERVED = {
    "snowflake": _words("""
        account all alter and any as between by case cast check column connect connection
        constraint create cross current current_date current_time current_timestamp current_user
        database delete distinct drop else exists false following for from full grant group
        gscluster having ilike in increment inner insert intersect into is issue join lateral left
        like localtime localtimestamp minus natural not null of on or order organization qualify
        regexp revoke right rlike row rows sample schema select set some start table tablesample
        then to trigger true try_cast union unique update using values view when whenever where with
    """),
    "bigquery": frozenset(BigQueryGenerator.RESERVED_KEYWORDS),
    "redshift": frozenset(RedshiftGenerator.RESERVED_KEYWORDS) | _words("connect start"),
}


def may_be_called(name: str, dialect: str) -> bool:
    """Return whether a word may stand before a parenthesis."""
    return name in FUNCTIONS[dialect] or name in TYPES[dialect] or name in _SYNTAX

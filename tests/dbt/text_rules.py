"""Rules that need a statement's text, since its tree tells one dialect from another no more."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlglot
from sqlglot.tokens import Token, TokenType

from tests.dbt.vocabulary import TYPES, may_be_called

if TYPE_CHECKING:
    from collections.abc import Iterator

_OPERATORS = {
    TokenType.ARROW: ("->", ("snowflake", "bigquery", "redshift")),
    TokenType.DARROW: ("->>", ("snowflake", "bigquery", "redshift")),
    TokenType.HASH_ARROW: ("#>", ("snowflake", "bigquery", "redshift")),
    TokenType.DHASH_ARROW: ("#>>", ("snowflake", "bigquery", "redshift")),
    TokenType.DCOLON: ("::", ("bigquery",)),
    TokenType.MOD: ("%", ("bigquery",)),
    TokenType.ILIKE: ("ilike", ("bigquery",)),
    TokenType.SIMILAR_TO: ("similar to", ("snowflake", "bigquery")),
}


def text_faults(sql: str, dialect: str) -> Iterator[str]:
    """Yield what a dialect does not have."""
    tokens = sqlglot.tokenize(sql, dialect=dialect)
    in_cast = list(_casts(tokens))
    for at, token in enumerate(tokens):
        before = tokens[at - 1] if at else None
        after = tokens[at + 1] if at + 1 < len(tokens) else None
        if token.token_type in _OPERATORS and dialect in _OPERATORS[token.token_type][1]:
            yield f"operator {_OPERATORS[token.token_type][0]}"
        if _is_call(tokens, at) and not may_be_called(token.text.lower(), dialect):
            yield f"function {token.text.lower()} is not known to be one of {dialect}"
        is_type = before is not None and _precedes_type(before, in_cast=in_cast[at])
        if is_type and token.text.lower() not in TYPES[dialect]:
            yield f"type {token.text.lower()} is not known to be one of {dialect}"
        if token.token_type == TokenType.INTERVAL and after:
            yield from _interval(after, dialect)
        if dialect == "bigquery" and after:
            yield from _bigquery(sql, token, after)


def _is_call(tokens: list[Token], at: int) -> bool:
    token = tokens[at]
    before = tokens[at - 1].token_type if at else None
    return (
        at + 1 < len(tokens)
        and tokens[at + 1].token_type == TokenType.L_PAREN
        and token.text.isidentifier()
        and token.token_type not in {TokenType.IDENTIFIER, TokenType.STRING}
        and before not in {TokenType.DOT, TokenType.ALIAS}
        and not _names_query(tokens, at + 1)
    )


def _names_query(tokens: list[Token], start: int) -> bool:
    """Return whether the parentheses hold the columns of a CTE: `name (columns) as (`."""
    depth = 0
    for at in range(start, len(tokens) - 2):
        depth += {TokenType.L_PAREN: 1, TokenType.R_PAREN: -1}.get(tokens[at].token_type, 0)
        if depth == 0:
            following = [token.token_type for token in tokens[at + 1 : at + 3]]
            return following == [TokenType.ALIAS, TokenType.L_PAREN]
    return False


def _casts(tokens: list[Token]) -> Iterator[bool]:
    """Yield for each token whether it stands directly in the parentheses of a cast."""
    calls: list[str] = []
    before = ""
    for token in tokens:
        yield bool(calls) and calls[-1] in {"cast", "try_cast", "safe_cast"}
        if token.token_type == TokenType.L_PAREN:
            calls.append(before)
        elif token.token_type == TokenType.R_PAREN and calls:
            calls.pop()
        before = token.text.lower()


def _precedes_type(before: Token, *, in_cast: bool) -> bool:
    return before.token_type == TokenType.DCOLON or (
        in_cast and before.token_type == TokenType.ALIAS
    )


def _interval(after: Token, dialect: str) -> Iterator[str]:
    is_text = after.token_type == TokenType.STRING
    if dialect == "bigquery" and is_text and " " in after.text:
        yield f"interval '{after.text}' has its unit in the text"
    if dialect != "bigquery" and not is_text:
        yield f"interval {after.text} is no text"


def _bigquery(sql: str, token: Token, after: Token) -> Iterator[str]:
    if token.token_type in {TokenType.UNION, TokenType.EXCEPT, TokenType.INTERSECT}:
        allowed = {"all", "distinct"} if token.token_type == TokenType.UNION else {"distinct"}
        # `select * except (...)` leaves columns out.
        if after.text.lower() not in allowed and after.token_type != TokenType.L_PAREN:
            yield f"{token.text.lower()} without {' or '.join(sorted(allowed))}"
    quotes = sql[token.start : token.start + 3]
    if token.token_type == TokenType.STRING and quotes[0] == '"' and quotes != '"""':
        yield f'"{token.text}" is text, not a name'

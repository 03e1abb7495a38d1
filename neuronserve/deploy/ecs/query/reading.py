"""From the text of an expression to its tree."""

from __future__ import annotations

import functools
import re
from pathlib import Path
from typing import Any, NoReturn, cast

import lark

from neuronserve.deploy.ecs.query import patterns, subjects
from neuronserve.deploy.ecs.query.tree import PATTERNS, And, Clause, Expression, Not, Operator, Or
from neuronserve.errors import InvalidInput

LONGEST = 2000  # characters; ECS's limit
DEEPEST = 50  # brackets and nots within each other

_WORDS = {
    "equals": Operator.EQUALS,
    "not_equals": Operator.NOT_EQUALS,
    "greater_than": Operator.GREATER,
    "greater_than_equal": Operator.GREATER_EQUAL,
    "less_than": Operator.LESS,
    "less_than_equal": Operator.LESS_EQUAL,
    "not_exists": Operator.NOT_EXISTS,
    "not_in": Operator.NOT_IN,
    "matches": Operator.MATCHES,
    "not_matches": Operator.NOT_MATCHES,
}
_EXPECTED = {
    "SUBJECT": "a subject such as attribute:NAME",
    "_NOT": "not",
    "LPAR": "(",
    "RPAR": ")",
    "LSQB": "a list in [ ]",
    "RSQB": "]",
    "COMMA": "a comma",
    "_AND": "and",
    "_OR": "or",
    "$END": "the end",
    "WORD": "a value",
    "QUOTED": "text in quotes",
    "PATTERN": "a regular expression",
    **dict.fromkeys(("COMPARISON", "MEMBERSHIP", "MATCHING", "EXISTENCE"), f"one of {' '.join(Operator)}"),
}


def parse(text: str) -> Expression:
    """The tree of an expression. Raises InvalidInput with the column, and what is expected there."""
    if len(text) > LONGEST:
        raise InvalidInput(f"the expression has {len(text)} characters; ECS takes {LONGEST}")
    try:
        tree = cast("Expression", _parser().parse(text))
    except lark.UnexpectedToken as error:
        column = len(text) + 1 if error.token.type == "$END" else (error.token.start_pos or 0) + 1
        _fail(text, column, error.accepts or error.expected)
    except lark.UnexpectedCharacters as error:
        _fail(text, (error.pos_in_stream or 0) + 1, error.allowed or set())
    except lark.exceptions.VisitError as error:
        raise error.orig_exc from None
    _check_depth(tree)
    return tree


@functools.cache
def _parser() -> lark.Lark:
    grammar = Path(__file__).with_name("grammar.lark").read_text()
    return lark.Lark(grammar, parser="lalr", lexer="contextual", transformer=_Builder())


def _fail(text: str, column: int, expected: set[str]) -> NoReturn:
    wanted = dict.fromkeys(_EXPECTED[name] for name in _EXPECTED if name in expected)
    found = f"{text[column - 1 : column + 19]!r}" if text[column - 1 :].strip() else "the end"
    raise InvalidInput(
        f"column {column}: {found} where {' or '.join(wanted)} is expected, in {text!r}",
        hint=_slip(text[column - 1 :]),
    )


def _slip(rest: str) -> str:
    """What to do about mistakes that many make."""
    if re.match(r"(AND|OR|NOT|IN|EXISTS|MATCHES|EQUALS)\b", rest):
        return "operators are in lower case"
    if re.match(r"=(?![=~])", rest):
        return "write == for equality, =~ for a pattern"
    if rest.startswith("("):
        return "a pattern with brackets that do not pair, or nested deeply, needs quotes"
    return ""


def _check_depth(tree: Expression) -> None:
    """Without recursion, which is what a deep tree would exhaust."""
    level: list[Any] = [tree]
    for _ in range(DEEPEST):
        level = [
            part
            for node in level
            if not isinstance(node, Clause)
            for part in ((node.of,) if isinstance(node, Not) else node.of)
        ]
    if level:
        raise InvalidInput(f"the expression is nested more than {DEEPEST} deep")


class _Builder(lark.Transformer[lark.Token, Expression]):
    """Makes the tree's nodes while lark reads, from the inside out."""

    def disjunction(self, parts: list[Expression]) -> Expression:
        return Or(tuple(parts))

    def conjunction(self, parts: list[Expression]) -> Expression:
        return And(tuple(parts))

    def refusal(self, parts: list[Expression]) -> Expression:
        return Not(parts[0])

    def clause(self, tokens: list[lark.Token]) -> Expression:
        subject, operator, *arguments = tokens
        sign = _operator(subject, operator)
        return Clause(str(subject), sign, tuple(_argument(subject, sign, found) for found in arguments))


def _operator(subject: lark.Token, operator: lark.Token) -> Operator:
    if not subjects.known(subject):
        raise InvalidInput(f"{_at(subject)}: unknown subject {str(subject)!r}", hint=_instead(subject))
    sign = _WORDS.get(operator) or Operator(operator)
    takes = subjects.of(subject, sign).operators
    if sign not in takes:
        listed = " ".join(sign for sign in Operator if sign in takes)
        raise InvalidInput(f"{_at(operator)}: {subject} does not take {operator}", hint=f"it takes {listed}")
    return sign


def _instead(subject: str) -> str:
    for name in subjects.FIELDS:
        if name.lower() == subject.lower():
            return f"write {name}"
    if subject.lower().startswith(subjects.ATTRIBUTE):
        return "an attribute is attribute:NAME, of 1 to 128 letters, digits, - _ . / and \\"
    if subjects.known(subjects.ATTRIBUTE + subject):
        return f"an attribute is written {subjects.ATTRIBUTE}{subject}; other subjects are those of {_FIELDS}"
    return f"subjects are {subjects.NAMES}"


_FIELDS = ", ".join(subjects.FIELDS)


def _argument(subject: str, operator: Operator, token: lark.Token) -> str:
    text = token[1:-1] if token.type == "QUOTED" else str(token)
    try:
        if operator in PATTERNS:
            patterns.compiled(text)
        else:
            subjects.of(subject, operator).key(text)
    except InvalidInput as error:
        raise InvalidInput(f"{_at(token)}: {error.message}", hint=error.hint) from None
    except ValueError as error:
        raise InvalidInput(f"{_at(token)}: {text!r}: {subject} compares with {error}") from None
    return text


def _at(token: lark.Token) -> str:
    return f"column {(token.start_pos or 0) + 1}"

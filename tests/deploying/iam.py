"""What a policy lets somebody do: IAM's rules for Allow statements, as far as ours go."""

from __future__ import annotations

import re

_ESCAPED = re.compile(r"\$\{([*?$])\}")


def may(document, action, resource, **context):
    """Whether some statement allows it; ``context``: the request's keys, ``s3:prefix`` as ``s3__prefix``."""
    keys = {name.replace("__", ":"): value for name, value in context.items()}
    return any(
        statement["Effect"] == "Allow"
        and any(_matches(pattern, action) for pattern in listed(statement["Action"]))
        and any(_matches(pattern, resource) for pattern in listed(statement["Resource"]))
        and _holds(statement.get("Condition", {}), keys)
        for statement in document["Statement"]
    )


def listed(value):
    return value if isinstance(value, list) else [value]


def _matches(pattern, text):
    """``*`` and ``?`` are patterns; ``${*}``, ``${?}`` and ``${$}`` are those characters."""
    made = ""
    for part in re.split(r"(\$\{[*?$]\}|[*?])", pattern):
        escaped = _ESCAPED.fullmatch(part)
        made += {"*": ".*", "?": "."}.get(part) or re.escape(escaped[1] if escaped else part)
    return re.fullmatch(made, text, re.DOTALL) is not None


def _holds(condition, keys):
    return all(
        _compared(operator, listed(wanted), keys.get(name))
        for operator, test in condition.items()
        for name, wanted in test.items()
    )


def _compared(operator, wanted, found):
    if found is None:
        return False
    if operator == "ForAnyValue:StringEquals":
        return bool(set(listed(found)) & {_ESCAPED.sub(r"\1", one) for one in wanted})
    if operator == "Bool":
        return wanted == [found]
    if operator == "StringEquals":
        return found in [_ESCAPED.sub(r"\1", one) for one in wanted]
    assert operator in ("ArnEquals", "ArnLike", "StringLike"), operator
    return any(_matches(one, found) for one in wanted)

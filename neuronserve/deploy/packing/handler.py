"""What a look at inference.py's source tells, before anybody runs it.

``handler(data, context)`` does it all; or ``input_handler(data, context)`` and ``output_handler(response,
context)`` go before and after the model (aws/sagemaker-tensorflow-serving-container, "Pre/Post-Processing").
"""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterator

from neuronserve.errors import InvalidInput

PYTHON = (3, 11)  # the image's
WHOLE = "handler"
PAIR = ("input_handler", "output_handler")
_Function = ast.FunctionDef | ast.AsyncFunctionDef


def checked(source: bytes, where: str) -> list[str]:
    """Warnings about the source of an inference.py. Raises InvalidInput for what cannot work."""
    defined = dict(_defined(_tree(source, where).body))
    for name in (WHOLE, *PAIR):
        found = defined.get(name)
        if isinstance(found, _Function):
            _callable_with_two(found, where)
    if WHOLE in defined:
        spare = [name for name in PAIR if name in defined]
        return [f"{where}: {' and '.join(spare)} will not be called beside {WHOLE}"] if spare else []
    missing = [name for name in PAIR if name not in defined]
    if not missing:
        return []
    if "*" in defined:
        return [f"{where}: whether it has {WHOLE}, or {' and '.join(PAIR)}, hangs on what it imports with *"]
    raise InvalidInput(
        f"{where} defines neither {WHOLE} nor {' and '.join(missing)}",
        hint="handler(data, context); or input_handler(data, context) and output_handler(response, context)",
    )


def _tree(source: bytes, where: str) -> ast.Module:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of doubtful escapes: Python itself tells when it runs
            return ast.parse(source, feature_version=PYTHON)
    except SyntaxError as error:
        raise InvalidInput(f"{where}, line {error.lineno}: {error.msg}") from None
    except (ValueError, RecursionError, MemoryError) as error:
        raise InvalidInput(f"{where} cannot be compiled: {error or type(error).__name__}") from None


def _defined(body: list[ast.stmt]) -> Iterator[tuple[str, ast.stmt]]:
    """Names that the module has once it ran, as far as that can be seen; "*" for a star import."""
    for statement in body:
        for name in _named(statement):
            yield name, statement
        if isinstance(statement, (ast.If, ast.Try, ast.With)):
            for block in ("body", "orelse", "finalbody"):
                yield from _defined(getattr(statement, block, []))
            for caught in getattr(statement, "handlers", []):
                yield from _defined(caught.body)


def _named(statement: ast.stmt) -> Iterator[str]:
    if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        yield statement.name
    elif isinstance(statement, (ast.Import, ast.ImportFrom)):
        yield from (alias.asname or alias.name for alias in statement.names)
    elif isinstance(statement, (ast.Assign, ast.AnnAssign)):
        targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
        names = (node for target in targets for node in ast.walk(target))
        yield from (node.id for node in names if isinstance(node, ast.Name))


def _callable_with_two(function: _Function, where: str) -> None:
    at = f"{where}, line {function.lineno}: {function.name}"
    if isinstance(function, ast.AsyncFunctionDef):
        raise InvalidInput(f"{at} is async, and is called by a thread", hint="write it without async")
    given = function.args
    positional = len(given.posonlyargs) + len(given.args)
    needed = positional - len(given.defaults)
    keywords = [None for default in given.kw_defaults if default is None]
    if needed > 2 or keywords or (positional < 2 and not given.vararg):
        raise InvalidInput(f"{at} cannot be called with two arguments: (data, context)")

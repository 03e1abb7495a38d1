"""A script with verbs: options that all of them have, and errors as one line and an exit code."""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import json
import os
import signal
import sys
import traceback
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol

from neuronserve.deploy import aws, exits
from neuronserve.deploy.desk import Desk
from neuronserve.errors import NeuronserveError


class Verb(Protocol):
    """A module of ``verbs/``. Its docstring is its help; the first line the summary."""

    __doc__: str | None

    def arguments(self, parser: argparse.ArgumentParser, /) -> None: ...

    def run(self, given: argparse.Namespace, desk: Desk, /) -> int: ...


def main(
    prog: str,
    description: str,
    verbs: Mapping[str, Verb],
    argv: Sequence[str] | None = None,
    desk: Desk | None = None,
    default: str = "",
) -> int:
    """Run the verb that ``argv`` names; the exit code of ``exits.py``. ``default``: that of options alone."""
    parser = argparse.ArgumentParser(prog=prog, description=description, formatter_class=_Help)
    choose = parser.add_subparsers(metavar="VERB", required=True, dest="verb", parser_class=_Parser)
    for name, verb in verbs.items():
        doc = (verb.__doc__ or "").strip()
        summary = doc.partition("\n")[0].rstrip(".")
        _prepare(choose.add_parser(name, help=summary, description=doc, formatter_class=_Help), verb)
    given = parser.parse_args(_with_verb(sys.argv[1:] if argv is None else argv, default))
    return _guarded(f"{prog} {given.verb}", verbs[given.verb], given, desk)


def _with_verb(argv: Sequence[str], default: str) -> Sequence[str]:
    begins_with_an_option = bool(argv) and argv[0].startswith("-") and argv[0] not in ("-h", "--help")
    return [default, *argv] if default and begins_with_an_option else argv


def single(prog: str, verb: Verb, argv: Sequence[str] | None = None, desk: Desk | None = None) -> int:
    """Run a script that has one job, and so no verbs."""
    parser = _Parser(prog=prog, description=verb.__doc__, formatter_class=_Help)
    _prepare(parser, verb)
    return _guarded(prog, verb, parser.parse_args(argv), desk)


def _prepare(parser: argparse.ArgumentParser, verb: Verb) -> None:
    verb.arguments(parser)
    common = parser.add_argument_group("everywhere")
    taken = {option for action in parser._actions for option in action.option_strings}  # noqa: SLF001  no other way
    if "--output" not in taken:
        common.add_argument(
            "--output", choices=("json", "yaml"), default="json", help="the form of documents"
        )
    if "--dry-run" not in taken:
        common.add_argument("--dry-run", action="store_true", help="change nothing; print what would be sent")
    common.add_argument("--profile", metavar="NAME", help="AWS profile (AWS_PROFILE)")
    if "--region" not in taken:
        common.add_argument("--region", metavar="REGION", help="AWS region (AWS_REGION)")
    common.add_argument("--endpoint-url", metavar="URL", help="another AWS (AWS_ENDPOINT_URL)")
    common.add_argument("--debug", action="store_true", help="show where in the code an error came from")


def _guarded(name: str, verb: Verb, given: argparse.Namespace, desk: Desk | None) -> int:
    desk = _with_options(desk or Desk(), given)
    try:
        with _interruptible():
            return verb.run(given, desk)
    except KeyboardInterrupt:
        desk.say(f"{name}: interrupted")
        return exits.INTERRUPTED
    except BrokenPipeError:  # the reader, such as `head`, has enough
        return exits.YES
    except Exception as error:  # noqa: BLE001  the program's outer edge
        return _failed(name, error, given, desk)


@contextlib.contextmanager
def _interruptible() -> Iterator[None]:
    """Ctrl-C raises KeyboardInterrupt in here. Scripts let it end them without a word before and after."""
    before = signal.getsignal(signal.SIGINT)
    if before is signal.SIG_DFL:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        if before is signal.SIG_DFL:
            signal.signal(signal.SIGINT, before)


def _with_options(desk: Desk, given: argparse.Namespace) -> Desk:
    changes: dict[str, Any] = {"form": given.output}
    region = given.region if isinstance(given.region, str) else None  # a verb may have a --region of its own
    if given.profile or region or given.endpoint_url:
        changes["aws"] = aws.Aws(profile=given.profile, region=region, endpoint_url=given.endpoint_url)
    return dataclasses.replace(desk, **changes)


def _failed(name: str, error: Exception, given: argparse.Namespace, desk: Desk) -> int:
    if given.debug:
        desk.say("".join(traceback.format_exception(error)).rstrip())
    known = error if isinstance(error, NeuronserveError) else aws.explained(error)
    if known is None:
        frame = traceback.extract_tb(error.__traceback__)[-1]
        where = f"{os.path.basename(frame.filename)}:{frame.lineno}"  # noqa: PTH119  a name, not a path
        what = f"{type(error).__name__}: {error}"
        desk.say(f"{name}: a fault of neuronserve itself: {what} ({where}; --debug shows more)")
        return exits.INTERNAL
    if desk.environ.get("SERVE_LOG_FORMAT") == "json":
        desk.say(json.dumps(known.as_dict()))
    else:
        desk.say(f"{name}: {known}")
    return exits.of(known)


class _Parser(argparse.ArgumentParser):
    """Words may stand anywhere among the options: argparse itself looks for all of them at the first."""

    _dividing = False

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        words = [action for action in self._actions if not action.option_strings]
        if self._dividing or len(words) < 2:
            return super().parse_known_args(args, namespace)
        self._dividing = True  # it calls this method, once for the options and once for the words
        try:
            return self.parse_known_intermixed_args(args, namespace)
        finally:
            self._dividing = False


class _Help(argparse.RawDescriptionHelpFormatter):
    """Keeps the paragraphs of a description."""

"""Check task definitions, whoever wrote them.

Each FILE is JSON or YAML: a RegisterTaskDefinition request, what `aws ecs describe-task-definition` prints, a
CloudFormation template, or a list of them. Checked are the shape, ECS's documented rules, and whether
it makes sense on Neuron instances; definitions given together are also checked against each other. AWS is
not asked. Exit code 0: no error; 1: errors, and with --strict also warnings; 2: a file cannot be read.
"""

from __future__ import annotations

import argparse
import collections
import dataclasses
from collections.abc import Iterable, Sequence

from neuronserve.deploy import exits
from neuronserve.deploy.desk import Desk
from neuronserve.deploy.ecs import validation
from neuronserve.deploy.ecs.validation import forms
from neuronserve.deploy.findings import Finding, Severity
from neuronserve.environment import Fault, instance_type
from neuronserve.errors import InvalidInput
from neuronserve.instances import InstanceType, catalogue


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", nargs="+", metavar="FILE", help="JSON or YAML; - is the standard input")
    parser.add_argument(
        "--instance-type", metavar="TYPE", type=_type, help="what it will run on, where no constraint says"
    )
    parser.add_argument("--strict", action="store_true", help="warnings count as errors for the exit code")
    parser.add_argument("--quiet", action="store_true", help="no notes")
    parser.add_argument(
        "--output", choices=("text", "json", "yaml"), default="text", help="lines, or a document"
    )


def _type(text: str) -> InstanceType:
    try:
        return catalogue()[instance_type(text)]
    except Fault as expected:
        raise argparse.ArgumentTypeError(f"{text!r}: expected {expected}") from None


@dataclasses.dataclass(frozen=True)
class _Named:
    file: str
    finding: Finding

    @property
    def severity(self) -> Severity:
        return self.finding.severity


def run(given: argparse.Namespace, desk: Desk) -> int:
    files, unreadable = _read(given.file)
    for file, error in unreadable.items():
        desk.say(f"validate: {error}" if file in str(error) else f"validate: {file}: {error}")
    read = [(file, definition) for file, definitions in files.items() for definition in definitions]
    found = [
        named
        for named in _judged(read, given.instance_type)
        if not (given.quiet and named.severity is Severity.NOTE)
    ]
    counts = collections.Counter(named.severity for named in found)
    if given.output == "text":
        for named in found:
            desk.line(_printable(named.finding.line(named.file)))
        if read:
            desk.line(_summary(len(read), len(files), counts))
    else:
        desk.show(_document(found, counts, unreadable))
    return _code(counts, unreadable=bool(unreadable), strict=given.strict)


def _read(names: Sequence[str]) -> tuple[dict[str, list[forms.Definition]], dict[str, InvalidInput]]:
    files: dict[str, list[forms.Definition]] = {}
    unreadable: dict[str, InvalidInput] = {}
    for name in dict.fromkeys(names):
        try:
            files[name] = forms.read(name)
        except InvalidInput as error:
            unreadable[name] = error
    return files, unreadable


def _judged(read: Sequence[tuple[str, forms.Definition]], on: InstanceType | None) -> Iterable[_Named]:
    """Findings of each definition, then those between them, which point into the list of all."""
    for file, definition in read:
        for finding in validation.findings(definition.request, on):
            yield _Named(file, definition.placed(finding))
    for finding in validation.across([definition.request for _, definition in read], on):
        index, slash, rest = finding.pointer.removeprefix("/").partition("/")
        file, definition = read[int(index)]
        yield _Named(file, definition.placed(dataclasses.replace(finding, pointer=slash + rest)))


def _summary(definitions: int, files: int, counts: collections.Counter[Severity]) -> str:
    what = f"{_many(definitions, 'task definition')} in {_many(files, 'file')}"
    told = [_many(counts[severity], severity.value) for severity in Severity if counts[severity]]
    return f"{what}: {', '.join(told) or 'nothing to object to'}"


def _many(count: int, word: str) -> str:
    return f"{count} {word}{'' if count == 1 else 's'}"


def _document(
    found: Sequence[_Named], counts: collections.Counter[Severity], unreadable: dict[str, InvalidInput]
) -> dict[str, object]:
    return {
        **{f"{severity.value}s": counts[severity] for severity in Severity},
        "findings": [{"file": named.file, **named.finding.as_dict()} for named in found],
        "unreadable": [{"file": file, **error.as_dict()} for file, error in unreadable.items()],
    }


def _code(counts: collections.Counter[Severity], *, unreadable: bool, strict: bool) -> int:
    if unreadable:
        return exits.INPUT
    bad = counts[Severity.ERROR] + (counts[Severity.WARNING] if strict else 0)
    return exits.NO if bad else exits.YES


def _printable(text: str) -> str:
    """One line, whatever the names in a document are: they go to a terminal."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)

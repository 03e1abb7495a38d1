"""AWS's service authorization reference: which actions there are, and on what. cfn-lint has a copy."""

from __future__ import annotations

import functools
import json
import re
from importlib import resources


@functools.cache
def _services():
    text = resources.files("cfnlint.data.AdditionalSpecs").joinpath("Policies.json").read_text()
    return json.loads(text)


def exists(action):
    service, _, name = action.partition(":")
    # cfn-lint's copy has no actions of ssmmessages; AWS's reference has these four, without resources
    if service == "ssmmessages":
        return name in ("CreateControlChannel", "CreateDataChannel", "OpenControlChannel", "OpenDataChannel")
    return name.lower() in _services().get(service, {}).get("Actions", {})


def has_resources(action):
    """Whether statements can name resources for an action."""
    service, _, name = action.partition(":")
    if service == "ssmmessages":
        return False
    return bool(_services()[service]["Actions"][name.lower()].get("Resources"))


def fits(action, arn):
    """Whether an action has a type of resource with such ARNs."""
    service, _, name = action.partition(":")
    kinds = _services()[service]["Actions"][name.lower()].get("Resources", ())
    known = {kind.lower(): one["ARNFormats"] for kind, one in _services()[service]["Resources"].items()}
    return any(_pattern(text).fullmatch(arn) for kind in kinds for text in known[kind.lower()])


@functools.cache
def _pattern(text):
    """The copy's formats are regular expressions, but for what they call ``${Partition}`` and so on."""
    return re.compile(re.sub(r"\$\{\w+\}", "[^:]*", text))

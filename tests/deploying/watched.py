"""A way to AWS that writes down what IAM is asked, and how a verb ended on it."""

from __future__ import annotations

import dataclasses
import functools
import json

from neuronserve.deploy.aws import Aws
from tests.deploying import authorisation
from tests.deploying.authorisation import Ask


class Watched(Aws):
    """``asked``: what IAM was asked for all calls so far."""

    def __init__(self):
        super().__init__(region="us-east-1")
        self.asked = set()

    @functools.cached_property
    def session(self):
        session = super().session
        session.events.register_last("before-parameter-build.*.*", self._note)
        return session

    def _note(self, params, model, context, **_):
        service = model.service_model.signing_name
        self.asked |= {*authorisation.of(service, model.name, params, context["client_region"])}


@dataclasses.dataclass
class Done:
    code: int
    out: str
    err: str
    asked: set[Ask]

    def json(self):
        return json.loads(self.out)

    @property
    def actions(self):
        return {one.action for one in self.asked}

    def refused(self, policy):
        """What the policy does not grant, though the verb asked for it."""
        return [one for one in self.asked if not one.granted(policy)]

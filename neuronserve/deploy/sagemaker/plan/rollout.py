"""How an endpoint goes from one configuration to the next: a value, and AWS's DeploymentConfig of it."""

from __future__ import annotations

import dataclasses
import re
from enum import StrEnum
from typing import Any

from neuronserve.errors import InvalidInput


class Policy(StrEnum):
    ALL_AT_ONCE = "all-at-once"
    CANARY = "canary"
    LINEAR = "linear"
    ROLLING = "rolling"


@dataclasses.dataclass(frozen=True)
class Size:
    """A step: ``percent`` of the capacity, or a number of instances."""

    value: int
    percent: bool

    @classmethod
    def parse(cls, text: str, option: str) -> Size:
        """``10%`` or ``2``. Raises InvalidInput."""
        found = re.fullmatch(r"([0-9]{1,4})(%?)", text)
        if not found or int(found[1]) < 1:
            raise InvalidInput(
                f"{option} {text[:40]}: expected a share such as 10%, or a number of instances"
            )
        return cls(int(found[1]), bool(found[2]))

    def request(self) -> dict[str, Any]:
        return {"Type": "CAPACITY_PERCENT" if self.percent else "INSTANCE_COUNT", "Value": self.value}


@dataclasses.dataclass(frozen=True)
class Rollout:
    """Times are seconds. ``wait``: after each step; ``terminate``: before the old instances end;
    ``most``: the whole update, None: no bound. ``alarms``: names of CloudWatch alarms that roll it back.
    """

    policy: Policy = Policy.ALL_AT_ONCE
    step: Size | None = None
    wait: int = 0
    terminate: int | None = None
    most: int | None = None
    rollback_step: Size | None = None
    alarms: tuple[str, ...] = ()

    def request(self) -> dict[str, Any]:
        """AWS's DeploymentConfig."""
        rolling = self.policy is Policy.ROLLING
        made: dict[str, Any] = {
            ("RollingUpdatePolicy" if rolling else "BlueGreenUpdatePolicy"): (
                self._rolling() if rolling else self._blue_green()
            )
        }
        if self.alarms:
            made["AutoRollbackConfiguration"] = {"Alarms": [{"AlarmName": name} for name in self.alarms]}
        return made

    def _rolling(self) -> dict[str, Any]:
        step = self.step or Size(50, percent=True)
        made: dict[str, Any] = {"MaximumBatchSize": step.request(), "WaitIntervalInSeconds": self.wait}
        if self.most is not None:
            made["MaximumExecutionTimeoutInSeconds"] = self.most
        if self.rollback_step:
            made["RollbackMaximumBatchSize"] = self.rollback_step.request()
        return made

    def _blue_green(self) -> dict[str, Any]:
        traffic: dict[str, Any] = {
            "Type": self.policy.replace("-", "_").upper(), "WaitIntervalInSeconds": self.wait,
        }  # fmt: skip
        if self.policy is Policy.CANARY:
            traffic["CanarySize"] = (self.step or Size(10, percent=True)).request()
        elif self.policy is Policy.LINEAR:
            traffic["LinearStepSize"] = (self.step or Size(20, percent=True)).request()
        made: dict[str, Any] = {"TrafficRoutingConfiguration": traffic}
        if self.terminate is not None:
            made["TerminationWaitInSeconds"] = self.terminate
        if self.most is not None:
            made["MaximumExecutionTimeoutInSeconds"] = self.most
        return made

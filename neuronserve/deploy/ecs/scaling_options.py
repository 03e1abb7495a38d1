"""The options of ``scale``, and what to track and within which bounds by them."""

from __future__ import annotations

import argparse
import re
from typing import Any

from neuronserve.deploy.ecs import scaling
from neuronserve.deploy.ecs.services.options import natural
from neuronserve.deploy.scaling import State, Tracked, custom
from neuronserve.errors import InvalidInput


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("service", metavar="SERVICE", help="its name or ARN")
    parser.add_argument("--cluster", default="default", help="its name or ARN (default: default)")
    by_itself = parser.add_argument_group("by itself")
    by_itself.add_argument("--min", type=natural, metavar="A", help="at least so many tasks")
    by_itself.add_argument("--max", type=natural, metavar="B", help="at most so many tasks")
    by_itself.add_argument("--target-cpu", type=_percent, metavar="P", help="average CPU, percent")
    by_itself.add_argument("--target-memory", type=_percent, metavar="P", help="average memory, percent")
    by_itself.add_argument(
        "--target-requests", type=_positive, metavar="N", help="requests per task and minute"
    )
    by_itself.add_argument("--load-balancer", metavar="ARN", help="that the requests come from")
    by_itself.add_argument("--metric", metavar="FILE", help="another metric, see above")
    by_itself.add_argument("--in-cooldown", type=natural, metavar="S", help="seconds between fewer and fewer")
    by_itself.add_argument("--out-cooldown", type=natural, metavar="S", help="seconds between more and more")
    by_itself.add_argument("--off", action="store_true", help="scale no more by itself; the tasks stay")
    by_itself.add_argument("--show", action="store_true", help="print the bounds and policies")
    now = parser.add_argument_group("now")
    now.add_argument("--count", type=natural, metavar="N", help="this many tasks")
    now.add_argument(
        "--wait", action=argparse.BooleanOptionalAction, default=True, help="until they run (default)"
    )
    now.add_argument("--timeout", type=natural, default=1800, metavar="S", help="wait at most so long (1800)")


def _positive(text: str) -> float:
    if not re.fullmatch(r"[0-9]{1,12}(\.[0-9]{1,6})?", text) or not float(text):
        raise argparse.ArgumentTypeError(f"expected a number above 0: {text}")
    return float(text)


def _percent(text: str) -> float:
    if _positive(text) > 100:
        raise argparse.ArgumentTypeError(f"expected a number above 0, at most 100: {text}")
    return float(text)


def check_one_job(given: argparse.Namespace) -> None:
    """Raises InvalidInput unless it is one: bounds and targets, a count, --off, or --show."""
    by_itself = given.min is not None or given.max is not None or bool(targets(given))
    jobs = [given.count is not None, given.off, given.show, by_itself]
    if sum(jobs) != 1:
        raise InvalidInput(
            "nothing to do" if not any(jobs) else "several jobs at once",
            hint="give --min and --max with a --target-..., or --count, or --off, or --show",
        )


def targets(given: argparse.Namespace) -> list[str]:
    """The options with a metric to track that were given."""
    keys = ("target_cpu", "target_memory", "target_requests", "metric")
    return [key for key in keys if getattr(given, key) is not None]


def tracked(given: argparse.Namespace, service: dict[str, Any], state: State) -> list[Tracked]:
    found: list[Tracked] = []
    if given.target_cpu is not None:
        found.append(scaling.tracked("cpu", given.target_cpu))
    if given.target_memory is not None:
        found.append(scaling.tracked("memory", given.target_memory))
    if given.target_requests is not None:
        if not given.load_balancer:
            raise InvalidInput("--target-requests needs --load-balancer ARN: AWS counts them there")
        label = scaling.label(given.load_balancer, service)
        found.append(scaling.tracked("requests", given.target_requests, label))
    if given.metric is not None:
        found.append(custom(given.metric, "scripts/ecs scale"))
    if not found and not state.policies:
        raise InvalidInput(
            "bounds alone scale nothing: there is no policy yet",
            hint="add --target-cpu, --target-memory, --target-requests or --metric",
        )
    return found

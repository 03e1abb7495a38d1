"""Containers that divide the cores of chips. Inf1's chips have 4 cores, Inf2's and Trn1's 2, Trn2's 4 or 8.

The oracle: the Neuron SDK's "Runtime configuration" (NEURON_RT_VISIBLE_CORES, NEURON_RT_NUM_CORES) and the
search for free cores in aws-neuron-driver (``ncrwl_nc_range_mark``): the first run that is long enough.
"""

from __future__ import annotations

import pytest

from neuronserve.deploy.ecs import validation
from neuronserve.instances import catalogue

CORES = {"cores-overlap", "cores-overcommitted", "chips-overlap", "cores-by-order", "cores-unknown",
         "cores-beyond-chips", "bad-cores"}  # fmt: skip
V, N = "NEURON_RT_VISIBLE_CORES", "NEURON_RT_NUM_CORES"


def container(name, *, chips=(0,), image="app:1", inner=None, files=(), secrets=(), **values):
    inner = chips if inner is None else inner
    made = {
        "name": name, "image": image, "memory": 500, "cpu": 100,
        "environment": [{"name": key, "value": value} for key, value in values.items()],
        "linuxParameters": {"devices": [
            {"hostPath": f"/dev/neuron{n}", "containerPath": f"/dev/neuron{m}"}
            for n, m in zip(chips, inner, strict=True)
        ]},
    }  # fmt: skip
    if files:
        made["environmentFiles"] = [{"type": "s3", "value": name} for name in files]
    if secrets:
        made["secrets"] = [{"name": name, "valueFrom": "parameter"} for name in secrets]
    return made


def told(*containers, on="inf1.xlarge"):
    request = {
        "family": "shared",
        "requiresCompatibilities": ["EC2"],
        "placementConstraints": [
            {
                "type": "memberOf",
                "expression": f"attribute:ecs.instance-type {'=~' if '*' in on else '=='} {on}",
            }
        ],
        "containerDefinitions": list(containers),
    }
    found = validation.findings(request)
    return {f.code: str(f.severity) for f in found if f.code in CORES}


RIGHT = {
    "halves": [container("a", **{V: "0-1"}), container("b", **{V: "2-3"})],
    "unlike parts": [container("a", **{V: "0"}), container("b", **{V: "1-3"})],
    "lists": [container("a", **{V: "0,1"}), container("b", **{V: "2, 3"})],
    "three": [container("a", **{V: "0"}), container("b", **{V: "1"}), container("c", **{V: "2-3"})],
    "four": [container(f"c{n}", **{V: str(n)}) for n in range(4)],
    "with a part unused": [container("a", **{V: "0"}), container("b", **{V: "3"})],
    "counted": [container("a", **{N: "2"}), container("b", **{N: "2"})],
    "counted by three": [container("a", **{N: "1"}), container("b", **{N: "1"}), container("c", **{N: "2"})],
    "the first counted, the last named": [container("a", **{N: "2"}), container("b", **{V: "2-3"})],
    "named wins over counted": [container("a", **{V: "0-1", N: "4"}), container("b", **{V: "2-3"})],
    "neuron-monitor beside one that takes all": [
        container("a"),
        container("m", image="public.ecr.aws/neuron/neuron-monitor:1.3"),
    ],
    "neuron-monitor by its command": [
        container("a", **{V: "0-3"}),
        {
            **container("m"),
            "command": ["sh", "-c", "neuron-monitor | neuron-monitor-prometheus.py --port 8000"],
        },
    ],
    "a log router": [
        container("a"),
        container("l", image="public.ecr.aws/aws-observability/aws-for-fluent-bit:2"),
    ],
    "ours on the processor": [container("a"), container("b", image="neuronserve:1", MODEL_SERVER="cpu")],
    "ours, placed": [
        container("a", image="neuronserve:1", SERVE_PLACEMENT="0-0,1-1"),
        container("b", **{V: "2-3"}),
    ],
}


@pytest.mark.parametrize("name", RIGHT)
def test_a_right_division_has_no_finding(name):
    assert told(*RIGHT[name]) == {}


WRONG = {
    "the same": ([container("a", **{V: "0-1"}), container("b", **{V: "0-1"})], "cores-overlap"),
    "one in common": ([container("a", **{V: "0-2"}), container("b", **{V: "2-3"})], "cores-overlap"),
    "lists": ([container("a", **{V: "0,1,2"}), container("b", **{V: "2,3"})], "cores-overlap"),
    "the third": (
        [container("a", **{V: "0"}), container("b", **{V: "1-2"}), container("c", **{V: "2-3"})],
        "cores-overlap",
    ),
    "nobody divides": ([container("a"), container("b")], "chips-overlap"),
    "one divides": ([container("a", **{V: "0-1"}), container("b")], "chips-overlap"),
    "the other divides": ([container("a"), container("b", **{N: "1"})], "cores-overcommitted"),
    "a count of 0 is all": ([container("a", **{V: "0-1"}), container("b", **{N: "0"})], "chips-overlap"),
    "an empty value is none": ([container("a", **{V: "0-1"}), container("b", **{V: ""})], "chips-overlap"),
    "too many counted": ([container("a", **{N: "3"}), container("b", **{N: "2"})], "cores-overcommitted"),
    "too many of three": (
        [container("a", **{N: "2"}), container("b", **{N: "2"}), container("c", **{N: "1"})],
        "cores-overcommitted",
    ),
    "named and counted, too many": (
        [container("a", **{V: "0-2"}), container("b", **{N: "2"})],
        "cores-overcommitted",
    ),
    "ours counts from its first core on": (
        [
            container("a", image="neuronserve:1", **{N: "2"}),
            container("b", image="neuronserve:1", **{N: "2"}),
        ],
        "cores-overlap",
    ),
    "beyond the chip": ([container("a", **{V: "0-1"}), container("b", **{V: "2-4"})], "cores-beyond-chips"),
    "counted beyond the chip": ([container("a", **{N: "5"})], "cores-beyond-chips"),
    "no numbers": ([container("a", **{V: "0-1"}), container("b", **{V: "two"})], "bad-cores"),
    "with a hole": ([container("a", **{V: "0,2"}), container("b", **{V: "1"})], "bad-cores"),
}


@pytest.mark.parametrize("name", WRONG)
def test_an_overlap_or_too_many_cores_is_an_error(name):
    containers, code = WRONG[name]
    assert told(*containers) == {code: "error"}


def test_a_container_of_which_only_the_starting_order_decides_is_a_warning():
    """The driver gives a count the first free cores: 0-1, which the other names."""
    assert told(container("a", **{V: "0-1"}), container("b", **{N: "2"})) == {"cores-by-order": "warning"}


@pytest.mark.parametrize(
    "later", [{"files": ["arn:aws:s3:::bucket/a.env"]}, {"secrets": [V]}, {"secrets": [N]}]
)
def test_a_value_that_is_not_in_the_definition_cannot_be_judged(later):
    assert told(container("a", **{V: "0-1"}), container("b", **later)) == {"cores-unknown": "warning"}
    assert told(container("a"), container("b", **later)) == {"chips-overlap": "error"}


def test_a_plain_variable_wins_over_an_environment_file():
    """ECS: variables of ``environment`` take precedence over those of files."""
    other = container("b", files=["arn:aws:s3:::bucket/b.env"], **{V: "2-3"})
    assert told(container("a", **{V: "0-1"}), other) == {}


def test_the_same_numbers_on_chips_of_their_own_are_no_overlap():
    both = [container(name, chips=(n,), inner=(0,), **{V: "0-1"}) for n, name in enumerate("ab")]
    assert told(*both, on="trn1.32xlarge") == {}
    assert (
        told(*(container(name, chips=(n,), **{N: "2"}) for n, name in enumerate("ab")), on="inf2.24xlarge")
        == {}
    )


def test_numbers_of_the_host_are_numbers_of_the_host():
    """``--device=/dev/neuron1`` with cores 2,3, as Neuron's own scheduler does."""
    assert told(container("a", chips=(1,), **{V: "2,3"}), on="trn1.32xlarge") == {}
    shared = [container("a", chips=(1,), **{V: "2"}), container("b", chips=(1,), **{V: "3"})]
    assert told(*shared, on="trn1.32xlarge") == {}
    shared = [container("a", chips=(1,), **{V: "2-3"}), container("b", chips=(1,), **{V: "3"})]
    assert told(*shared, on="trn1.32xlarge") == {"cores-overlap": "error"}
    mixed = [container("a", chips=(1,), **{V: "0"}), container("b", chips=(1,), **{V: "3"})]
    assert told(*mixed, on="trn1.32xlarge") == {}


def test_cores_that_are_no_chip_of_the_container_by_any_way_to_count_are_an_error():
    assert told(container("a", chips=(1,), **{V: "1-2"}), on="trn1.32xlarge") == {
        "cores-beyond-chips": "error"
    }
    assert told(container("a", chips=(1,), **{V: "4"}), on="trn1.32xlarge") == {"cores-beyond-chips": "error"}


def test_what_overlaps_by_one_way_to_count_only_is_a_warning():
    """Chips 1 and 2 of Trn1: 2-3 is the second chip counted from the first, and the first on the host."""
    one, other = container("a", chips=(1, 2), **{V: "2-3"}), container("b", chips=(1, 2), **{V: "0-1"})
    assert told(one, other, on="trn1.32xlarge") == {"cores-overlap": "warning"}


def test_partly_shared_chips_are_compared_core_by_core():
    one, other = container("a", chips=(0, 1), **{V: "4-7"}), container("b", chips=(0,))
    assert told(one, other, on="inf1.6xlarge") == {}
    assert told(container("a", chips=(0, 1), **{V: "3-7"}), other, on="inf1.6xlarge") == {
        "chips-overlap": "error"
    }


def test_trn2s_cores_are_pairs_unless_the_runtime_is_told_otherwise():
    eight = {"NEURON_LOGICAL_NC_CONFIG": "1"}
    halves = [container("a", **{V: "0-3"}, **eight), container("b", **{V: "4-7"}, **eight)]
    assert told(*halves, on="trn2.3xlarge") == {}
    assert told(container("a", **{V: "0-3"}), container("b", **{V: "4-7"}), on="trn2.3xlarge") == {
        "cores-beyond-chips": "error"
    }


def test_a_pattern_of_types_with_unlike_chips_is_judged_by_all_of_them():
    division = [container("a", **{V: "0"}), container("b", **{V: "1"})]
    assert told(*division, on="trn.*") == {}
    assert told(container("a", **{N: "2"}), container("b", **{N: "2"}), on="inf.*") == {
        "cores-overcommitted": "warning"
    }
    assert told(container("a", **{V: "0"}), container("b", **{V: "0"}), on="inf.*") == {
        "cores-overlap": "error"
    }


@pytest.mark.parametrize("name", sorted(catalogue()))
def test_every_chip_is_divided_into_halves_and_no_further(name):
    cores = catalogue()[name].cores
    half = cores // 2

    def pair(last):
        return [container("a", **{V: f"0-{half - 1}"}), container("b", **{V: f"{half}-{last}"})]

    assert told(*pair(cores - 1), on=name) == {}
    assert told(*pair(cores), on=name) == {"cores-beyond-chips": "error"}

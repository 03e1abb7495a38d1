"""All checks, in the order in which a start would meet what they find."""

from __future__ import annotations

from neuronserve.doctor.checks import (
    cores,
    devices,
    driver,
    folders,
    limits,
    model,
    ports,
    programs,
    servers,
    settings,
    source,
    start,
)
from neuronserve.doctor.examine import Check

_LONGEST = 1900.0  # seconds: a download that was asked for

_SET = ("settings",)

CHECKS = (
    Check(
        "settings", "environment variables: faults, unknown names, what has no effect", settings.check, hung=2
    ),
    Check("folders", "runtime and cache: permission, room, who uses them", folders.check, _SET, hung=2),
    Check("ports", "the port: free, taken, or a service that runs already", ports.check, _SET, hung=32),
    Check("programs", "nginx, gunicorn, the model server", programs.check, _SET, seconds=60, hung=30),
    Check(
        "devices",
        "the Neuron devices: present, permitted, what they are",
        devices.check,
        _SET,
        ("programs",),
        40,
        35,
    ),
    Check(
        "driver", "driver and runtime against the generation; tools", driver.check, _SET, ("devices",), 40, 35
    ),
    Check("source", "where the model is: reachable, permitted, room for it", source.check, _SET, (), 60, 16),
    Check(
        "model",
        "what is in the model: layout, signatures, what was compiled",
        model.check,
        ("source",),
        ("programs",),
        _LONGEST,
        29,
    ),
    Check(
        "cores",
        "NeuronCores: needed, free, held by whom; the plan",
        cores.check,
        ("devices",),
        ("model", "ports"),
        hung=35,
    ),
    Check(
        "servers",
        "the model servers as they would be started",
        servers.check,
        ("programs", "cores", "model"),
        hung=30,
    ),
    Check("limits", "CPUs, memory, open files, processes", limits.check, _SET, ("model", "cores")),
    Check(
        "start",
        "the service, started once: the model loads, answers its warm-up and its golden answers",
        start.check,
        _SET,
        ("ports", "programs", "model", "cores"),
        seconds=None,
        last=True,
    ),
)

"""A pretended Neuron host: device tree, the runtime's rules, a model server. Never the real thing.

::

    host ── tree        the folder that looks like /dev and /sys of an instance type, and its mark
    server ─┬─ options      what the environment says of the simulation
            └─ runtime ─┬─ rules      which cores a process asks for, and gets
                        ├─ ownership  locks across processes; late, keeper: cores that are free only later
                        ├─ loading    what the runtime loads, and where its copies go
                        │    └─ running ─┬─ batches    how many compiled batches a run is
                        │                ├─ occupancy  whose turn it is on which core
                        │                └─ faults     hangs, errors and slowness on command
                        └─ commands   the server's end of the socket over which it is commanded
    control             the other end: servers found, commanded, counted; __main__: the same for a person
    nrt                 the runtime's own words     program    a program with the real one's name

The library of ``cpuserver`` loads and runs the models: answers are true, only the chips are pretended.
"""

"""What is wrong with this host, this model and these settings, and the fix for each fault.

::

    program ─┬─ examine    the checks in their order, each within its time; never raises
             │   ├─ patient    what the checks know, and have learned from one another
             │   ├─ finding    what a check says
             │   └─ checks/    one module each; in the order in which a start meets their faults
             └─ told        the findings as text and as JSON
    asking      programs and ports, asked with a time limit    starting  the service itself, started once

It changes nothing: what it needs to write goes to a folder of its own that it removes. It takes no core but
with --start: devices are opened for writing only, for which the driver gives none (``neuron/nodes.py``). The
last check starts ``serve`` itself where that takes no core: the exit code is no prediction then.
"""

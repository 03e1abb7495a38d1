"""The composition root of the container: what ``serve`` does.

``program``     settings, log, signals; runs one service and returns the exit code
``service``     the life of a service: front and gateway up, model fetched, servers loaded; serve; stop
``front``       nginx: configuration, command, what it tells       ``identity``  whom model servers run as
``gateway``     gunicorn                                           ``servers``     the model servers
``fetch``       the child that gets the model                      ``progress``    how far it is
``condition``   pure: from what the parts do to the state of the service
``publish``     writes that state where nginx and the gateway look  ``rundir``     the folder it lies in
``drain``       the orderly stop                                   ``failure``     the other end
``relay``       what children say, in our log                      ``asking``      HTTP over a unix socket
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence


def main(argv: Sequence[str], environ: Mapping[str, str]) -> int:
    """Serve until told to stop; the exit code (``exitcodes.py``). ``argv`` is without the program."""
    from neuronserve.boot import program  # here, so that each module of the house can be run by itself

    return program.main(argv, environ)

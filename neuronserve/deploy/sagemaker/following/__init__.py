"""Making a plan true in AWS, and following it to its true end.

``live.py`` reads what SageMaker has, ``planning.py`` makes the calls of what differs, ``sending.py`` sends
them, ``judging.py`` says what a described endpoint means and ``watching.py`` looks at it until it ended;
``deployment.py`` does it all in order, ``rollback.py`` the way back. ``using.py``, ``pruning.py`` and
``deletion.py`` remove what nobody uses.

An endpoint is InService also after SageMaker rolled an update back, so nothing here waits for InService: only
the configuration that was asked for, in service, is success.
"""

"""The code that comes with a model, run in the workers.

``folders.py`` and ``separate.py`` make its modules importable, ``script.py`` loads ``inference.py``,
``surroundings.py``, ``modelfiles.py`` and ``tensorflowless.py`` have what it finds around it, ``loaded.py``
keeps it while its model is served. For each request ``given.py`` makes what a handler gets, ``threads.py``
runs it within its time, ``answers.py`` checks what it returns, ``asking.py`` asks the model for an input
handler, ``response.py`` is what an output handler gets, ``raised.py`` what a client is told of an exception,
``blame.py`` says where a fault lies. ``handling.py`` has the story.
"""

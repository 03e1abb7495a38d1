"""``serve`` with stand-ins for the gateway and the model servers; the rest is real."""

import sys
from pathlib import Path

import pytest

STANDIN = Path(__file__).parent / "standin"


@pytest.fixture
def model(tmp_path):
    """A folder that looks like a SavedModel."""
    (tmp_path / "model" / "1").mkdir(parents=True)
    (tmp_path / "model" / "1" / "saved_model.pb").touch()
    return tmp_path / "model"


@pytest.fixture
def model_server(tmp_path):
    """The stand-in as one program, as MODEL_SERVER_BINARY wants it."""
    program = tmp_path / "tensorflow_model_server"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} {STANDIN / "model_server.py"} "$@"\n')
    program.chmod(0o755)
    return program


@pytest.fixture
def start(serve, model, model_server):
    """A service that is started; keywords as for ``serve``."""

    def start(**named):
        settings = {
            "MODEL_URI": model,
            "MODEL_SERVER": "tensorflow",
            "MODEL_SERVER_BINARY": model_server,
            "SAGEMAKER_GUNICORN_WORKERS": "1",
            "SERVE_MODEL_SERVER_ENV": ",".join(name for name in named if name.startswith("STANDIN_")),
        }
        program = (sys.executable, str(STANDIN / "serve.py"))
        return serve(**{**settings, "program": program, **named})

    return start


@pytest.fixture
def service(start):
    """A service that is ready."""
    running = start()
    running.wait_ready()
    return running

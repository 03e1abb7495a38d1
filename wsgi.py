"""What gunicorn serves: ``wsgi:app``. ``serve`` sets SERVE_RUNTIME_DIR."""

import os
from pathlib import Path

from neuronserve import logs
from neuronserve.gateway import orphans
from neuronserve.settings import Settings
from predictor import create_app

logs.setup(form="json", environ=os.environ)  # the supervisor reads it, and knows how bad a line is
orphans.end()
app = create_app(Settings.from_environ(os.environ), Path(os.environ["SERVE_RUNTIME_DIR"]))

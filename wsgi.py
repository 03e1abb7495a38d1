"""What gunicorn serves: ``wsgi:app``. ``serve`` sets SERVE_RUNTIME_DIR."""

import os
from pathlib import Path

from neuronserve.settings import Settings
from predictor import create_app

app = create_app(Settings.from_environ(os.environ), Path(os.environ["SERVE_RUNTIME_DIR"]))

"""The benchmark's modules are imported as ``scripts/bench`` does it."""

from __future__ import annotations

import sys
from pathlib import Path

SCRIPTS = str(Path(__file__).parents[3] / "scripts")
if SCRIPTS not in sys.path:
    sys.path.append(SCRIPTS)

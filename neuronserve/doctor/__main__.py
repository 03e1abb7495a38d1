from __future__ import annotations

from neuronserve.doctor.program import run

run()

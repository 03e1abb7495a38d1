"""The table: what TensorFlow Serving answers to JSON, as far as its tests and its source say.

``CASES`` has a ``JsonCase`` a row (``cases.py``), against the signatures of ``signatures.py``, whose models
``write_models`` writes without TensorFlow. ``tests/wire/cpuserver/test_tfserving_json.py`` runs all of it
against the embedded model server.
"""

from tests.tfserving import json_answers, json_documents, json_examples, json_names, json_tensors
from tests.tfserving.cases import JsonCase

CASES: list[JsonCase] = [
    *json_documents.CASES,
    *json_tensors.CASES,
    *json_names.CASES,
    *json_answers.CASES,
    *json_examples.CASES,
]

"""Requests of any number of rows, in every form, through the whole service on a simulated host."""

import io
import json

import numpy as np
import pytest

from tests import handmade

B = 4
COUNTS = (0, 1, B - 1, B, B + 1, 10 * B + 3)
STATIC, DYNAMIC = {"batch": B, "dynamic": False}, {"batch": B}


def as_rows(x):
    return json.dumps({"instances": x.tolist()}), "application/json"


def as_columns(x):
    return json.dumps({"inputs": x.tolist()}), "application/json"


def as_csv(x):
    lines = [",".join(f"c{n}" for n in range(x[0].size if len(x) else 3))]
    lines += [",".join(map(str, row.ravel())) for row in x]
    return "\n".join(lines) + "\n", "text/csv; header=present"


def as_npy(x):
    file = io.BytesIO()
    np.save(file, x)
    return file.getvalue(), "application/x-npy"


FORMS = {"rows": as_rows, "columns": as_columns, "csv": as_csv, "npy": as_npy}


def asked(service, form, x):
    """The answer to the array ``x`` sent in a form, as an array that no text has rounded."""
    body, media = FORMS[form](x)
    headers = {"Content-Type": media, "Accept": "application/x-npy"}
    reply = service.post("/invocations", body, headers)
    assert reply.status == 200, (form, len(x), reply.body)
    return np.load(io.BytesIO(reply.body))


@pytest.mark.parametrize(
    ("model", "environ", "joins"),
    [
        (STATIC, {}, True),
        (STATIC, {"SAGEMAKER_TFS_ENABLE_BATCHING": "false"}, False),
        (DYNAMIC, {}, False),
        (DYNAMIC, {"SAGEMAKER_TFS_ENABLE_BATCHING": "true"}, True),
        ({}, {"SAGEMAKER_TFS_ENABLE_BATCHING": "true", "SAGEMAKER_TFS_MAX_BATCH_SIZE": "6"}, True),
        ({}, {}, False),
    ],
    ids=[
        "static, joined by the server",
        "static, padded by the gateway",
        "dynamic",
        "dynamic, joined by the server",
        "compiled for one row, joined by the server",
        "compiled for one row",
    ],
)
def test_any_number_of_rows_in_any_form_is_answered_as_row_by_row(serve, tmp_path, model, environ, joins):
    handmade.compiled(tmp_path / "models" / "m" / "1", max_duplicates=2, **model)
    service = serve(MODEL_URI=tmp_path / "models", SERVE_SIMULATE="inf1.xlarge", **environ)
    service.wait_ready()
    assert [server.joins for server in service.state().servers] == [joins, joins]
    rng = np.random.default_rng(3)
    # a dynamic model's graph is run here on all rows at once, and only exact sums do not depend on how many
    floats = rng.standard_normal((COUNTS[-1], 3), np.float32)
    x = floats if model == STATIC else np.round(8 * floats)
    alone = np.concatenate([asked(service, "npy", row[None]) for row in x])
    assert np.allclose(alone, x @ handmade.weights(), atol=1e-5)
    for form in FORMS:
        for count in COUNTS:
            answer = asked(service, form, x[:count])
            assert (answer.dtype, answer.shape) == (np.float32, (count, 3)), (form, count)
            assert answer.tobytes() == alone[:count].tobytes(), (form, count)
    assert service.stop() == 0


@pytest.mark.parametrize(("name", "shape"), [("inf1-dense-tf2", (3,)), ("inf1-conv2d-tf1", (1, 2, 2))])
def test_a_real_compiled_model_answers_any_number_of_rows(serve, compiled_models, name, shape):
    service = serve(MODEL_URI=compiled_models[name], SERVE_SIMULATE="inf1.xlarge")
    service.wait_ready()
    x = np.random.default_rng(5).standard_normal((COUNTS[-1], *shape), np.float32)
    alone = np.concatenate([asked(service, "npy", row[None]) for row in x])
    assert np.abs(alone).sum() > 0
    for form in [form for form in FORMS if form != "csv" or len(shape) == 1]:
        for count in COUNTS:
            answer = asked(service, form, x[:count])
            assert answer.shape == (count, *alone.shape[1:]), (form, count)
            # the CPU's products of many rows at once round otherwise than those of one row
            np.testing.assert_allclose(answer, alone[:count], rtol=1e-6, atol=1e-6)
    assert service.stop() == 0

"""All threads of the gateway are busy with calls that do not end."""

from __future__ import annotations

import threading

from neuronserve.boot import front

JSON = {"Content-Type": "application/json"}
BODY = b'{"instances": [[1.0, 2.0, 5.0]]}'
IN_FLIGHT = 8


def test_pings_and_questions_are_answered_while_predictions_fill_the_gateway(serve, doubling) -> None:
    service = serve(
        MODEL_URI=doubling,
        MODEL_SERVER="cpu",
        SERVE_MAX_IN_FLIGHT=IN_FLIGHT,
        SAGEMAKER_GUNICORN_WORKERS=1,
        SAGEMAKER_GUNICORN_THREADS=2,
    )
    service.wait_ready()
    assert service.post("/invocations", BODY, JSON).status == 200
    (model_server,) = service.children("--grpc_socket_path=")
    answers = []

    def predict() -> None:
        answers.append(service.post("/invocations", BODY, JSON).status)

    predictions = [threading.Thread(target=predict) for _ in range(IN_FLIGHT)]
    model_server.suspend()
    try:
        for prediction in predictions:
            prediction.start()
        service.wait_for(
            "all to be in flight", lambda: front.connections(service.runtime) == IN_FLIGHT, seconds=10
        )
        for path in ("/ping", "/", "/metrics", "/nowhere"):
            found = service.request("GET", path, timeout=2)  # what SageMaker allows
            assert found.status == (404 if path == "/nowhere" else 200)
        refused = service.post("/invocations", BODY, JSON, timeout=2)
        assert (refused.status, refused.json()["code"]) == (503, "overloaded")
        assert not answers
    finally:
        model_server.resume()
    for prediction in predictions:
        prediction.join(30)
    assert answers == [200] * IN_FLIGHT
    assert service.stop() == 0

"""PredictionService and ModelService over a core, as generic handlers.

The generated ``*_pb2_grpc`` modules of tensorflow-serving-api would import what is not needed here;
a table of methods says the same.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import grpc

from neuronserve.cpuserver.call import Call
from neuronserve.cpuserver.core import Core
from neuronserve.cpuserver.status import StatusError
from neuronserve.messages import (
    classification_pb2,
    get_model_metadata_pb2,
    get_model_status_pb2,
    inference_pb2,
    model_management_pb2,
    predict_pb2,
    regression_pb2,
)

_log = logging.getLogger(__name__)
_CODES = {code.value[0]: code for code in grpc.StatusCode}
_LONGEST_DETAIL = 4096  # bytes; gRPC's clients take 8 KB of trailers in all

Answer = Callable[[Any, Call], Any]


# a client that reads both forms may ask for the cheaper one; TensorFlow Serving knows no such wish
TENSOR_CONTENT = "neuronserve-tensor-content"


def handlers(core: Core, *, tensor_content: bool) -> list[grpc.GenericRpcHandler[Any, Any]]:
    """The handlers of both services. ``tensor_content``: numbers are answered as bytes to everybody."""
    prediction: dict[str, tuple[Any, Answer]] = {
        "Predict": (predict_pb2.PredictRequest, core.predict),
        "Classify": (classification_pb2.ClassificationRequest, core.classify),
        "Regress": (regression_pb2.RegressionRequest, core.regress),
        "MultiInference": (inference_pb2.MultiInferenceRequest, core.multi_inference),
        "GetModelMetadata": (
            get_model_metadata_pb2.GetModelMetadataRequest,
            lambda request, _: core.metadata(request),
        ),
    }
    management: dict[str, tuple[Any, Answer]] = {
        "GetModelStatus": (
            get_model_status_pb2.GetModelStatusRequest,
            lambda request, _: core.status(request),
        ),
        "HandleReloadConfigRequest": (
            model_management_pb2.ReloadConfigRequest,
            core.reload,
        ),
    }
    return [
        _service("tensorflow.serving.PredictionService", prediction, tensor_content=tensor_content),
        _service("tensorflow.serving.ModelService", management, tensor_content=tensor_content),
    ]


def _service(
    name: str, methods: dict[str, tuple[Any, Answer]], *, tensor_content: bool
) -> grpc.GenericRpcHandler[Any, Any]:
    return grpc.method_handlers_generic_handler(
        name,
        {
            method: grpc.unary_unary_rpc_method_handler(
                _handler(method, answer, tensor_content=tensor_content),
                request_deserializer=request.FromString,
                response_serializer=lambda response: response.SerializeToString(),
            )
            for method, (request, answer) in methods.items()
        },
    )


def _handler(
    method: str, answer: Answer, *, tensor_content: bool
) -> Callable[[Any, grpc.ServicerContext], Any]:
    def handle(request: Any, context: grpc.ServicerContext) -> Any:
        content = tensor_content or any(key == TENSOR_CONTENT for key, _ in context.invocation_metadata())
        call = Call.within(
            context.time_remaining(), context.is_active, tensor_content=content, entrypoint="GRPC"
        )
        try:
            call.check()  # it may have waited for a thread longer than its client waits
            return answer(request, call)
        except StatusError as error:
            context.abort(_CODES[int(error.code)], error.message[:_LONGEST_DETAIL])
        except Exception:  # noqa: BLE001  the client gets a fixed text, the log the rest
            _log.exception("%s failed unexpectedly", method)
            context.abort(grpc.StatusCode.INTERNAL, f"{method} failed unexpectedly; see the server's log")

    return handle

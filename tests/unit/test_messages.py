import subprocess
import sys

import pytest

from neuronserve import messages, unpublished


def child(code: str, *options: str) -> str:
    """What a fresh Python prints."""
    return subprocess.run(
        [sys.executable, *options, "-c", code], check=True, capture_output=True, text=True, timeout=60
    ).stdout.strip()


def test_messages_load_without_tensorflow_and_leave_no_trace_of_it():
    code = (
        "import sys; from neuronserve.messages import predict_pb2, tensor_pb2; "
        "request = predict_pb2.PredictRequest(); "
        "request.inputs['x'].CopyFrom(tensor_pb2.TensorProto(dtype=1)); "
        "print([name for name in sys.modules if name.startswith('tensorflow')])"
    )
    assert child(code) == "[]"


def test_a_module_that_is_not_asked_for_is_not_loaded():
    code = (
        "from neuronserve import messages; messages.model_pb2; "
        "print('prediction_log_pb2' in vars(messages), 'model_pb2' in vars(messages))"
    )
    assert child(code) == "False True"


def test_without_tensorflows_modules_the_error_says_what_to_install():
    code = (
        "import sys; sys.path = [p for p in sys.path if 'site-packages' not in p]\n"
        "from neuronserve import messages\n"
        "try: messages.model_pb2\n"
        "except Exception as error: print(error)"
    )
    assert child(code).startswith("TensorFlow's message modules are not installed (install tensorflow-cpu")


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute predicted_pb2"):
        messages.predicted_pb2  # noqa: B018  asking is what is tested


def test_batching_parameters_have_tensorflow_servings_fields():
    message = unpublished.message(unpublished.BATCHING)
    message.max_batch_size.value = 8
    message.allowed_batch_sizes.extend([4, 8])
    assert message.SerializeToString() == b"\n\x02\x08\x08\x32\x02\x04\x08"

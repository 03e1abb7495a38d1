"""What a model took of memory is there again when its unload is told."""

import numpy as np
import psutil

from neuronserve.messages import model_management_pb2
from tests import handmade
from tests.cpuservers import running

_MIB = 1 << 20
_COUNT = 4  # models of some 15 MiB, all in their graphs


def heavy(folder):
    """``y = 2 * x`` by way of a row of ones that is a million times as wide."""
    wide = 2_000_000
    nodes = [
        handmade.placeholder("x", -1, 1),
        handmade.constant("ones", np.ones((1, wide))),
        handmade.constant("share", np.full((wide, 1), 2 / wide)),
        handmade.node("m", "MatMul", "x", "ones", T=handmade.FLOAT, transpose_a=False, transpose_b=False),
        handmade.node("y", "MatMul", "m", "share", T=handmade.FLOAT, transpose_a=False, transpose_b=False),
    ]
    handmade.write(handmade.saved_model(nodes, {"x": "x:0"}, {"y": "y:0"}), folder)


def test_an_unload_is_told_when_the_memory_is_free(tmp_path):
    names = [f"m{at}" for at in range(_COUNT)]
    for name in names:
        heavy(tmp_path / name / "1")

    def listed(wanted):
        request = model_management_pb2.ReloadConfigRequest()
        request.config.model_config_list.SetInParent()
        for name in wanted:
            request.config.model_config_list.config.add(
                name=name, base_path=str(tmp_path / name), model_platform="tensorflow"
            )
        server.call("HandleReloadConfigRequest", request)

    (tmp_path / "empty.config").write_text("model_config_list {}")
    flags = (f"--model_config_file={tmp_path / 'empty.config'}", "--file_system_poll_wait_seconds=1")
    with running(tmp_path, *flags) as server:

        def cycle():
            """Resident MiB with all of them loaded, and after the last one went."""
            listed(names)
            for name in names:
                assert np.allclose(server.predict(name, x=np.float32([[3]]))["y"], 6, rtol=0.05)
            full = process.memory_info().rss
            listed([])
            for name in names:
                server.wait_until(name, {1: "END"})
            return full // _MIB, process.memory_info().rss // _MIB

        process = psutil.Process(server.process.pid)
        first = cycle()[1]  # TensorFlow's own parts come with the first model
        for _ in range(2):
            full, after = cycle()
            assert full - after > 15 * _COUNT
        assert after - first < 15 * _COUNT, "two more rounds took as much as all models at once"

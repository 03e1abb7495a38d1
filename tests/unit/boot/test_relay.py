import json
import logging

import pytest

from neuronserve.boot.relay import understand

D, I, W, E, C = logging.DEBUG, logging.INFO, logging.WARNING, logging.ERROR, logging.CRITICAL  # noqa: E741  a table's columns


@pytest.mark.parametrize(
    ("line", "level", "message"),
    [
        ("2024/01/31 12:00:00 [error] 12#12: *3 limiting", E, "12#12: *3 limiting"),
        ("nginx: [emerg] bind() to 0.0.0.0:80 failed", C, "bind() to 0.0.0.0:80 failed"),
        ("2024/01/31 12:00:00 [notice] 1#1: started", I, "1#1: started"),
        ("[2024-01-31 12:00:00 +0000] [12] [WARNING] timeout", W, "timeout"),
        ("2024-01-31 12:00:00.123456: E tensorflow/core/x.cc:1] no", E, "tensorflow/core/x.cc:1] no"),
        ("2024-01-31 12:00:00,123 W neuronserve.cpuserver] slow", W, "neuronserve.cpuserver] slow"),
        ("F0131 12:00:00.123456 12 x.cc:1] fatal", C, "12 x.cc:1] fatal"),
        (
            "WARNING: All log messages before absl::InitializeLog() is called are written to STDERR",
            D,
            "WARNING: All log messages before absl::InitializeLog() is called are written to STDERR",
        ),
        (
            "I0000 00:00:1796089887.820282    9383 port.cc:153] oneDNN custom operations are on.",
            I,
            "9383 port.cc:153] oneDNN custom operations are on.",
        ),
        ("WARNING neuronserve.artifact: no digest", W, "neuronserve.artifact: no digest"),
        (
            "2024-Jun-02 04:05:36.428977   273:478   ERROR   NRT:nrt_load_collectives   Unsupported topology",
            E,
            "NRT:nrt_load_collectives   Unsupported topology",
        ),
        ("2021-Nov-01 06:02:18.0992 13660:14125 WARN  TDRV:x  slow", W, "TDRV:x  slow"),
        ("INFORMATION is not a level", I, "INFORMATION is not a level"),
        ("Traceback (most recent call last):", I, "Traceback (most recent call last):"),
        ("{not json", I, "{not json"),
        ('{"level": "loud", "message": "x"}', I, '{"level": "loud", "message": "x"}'),
        ('{"level": ["info"], "message": "x"}', I, '{"level": ["info"], "message": "x"}'),
    ],
)
def test_the_childs_own_word_is_the_level(line, level, message):
    assert understand(line) == (level, message, {})


def test_a_json_line_of_the_house_keeps_its_fields():
    line = json.dumps({"time": "x", "level": "error", "source": "a.b", "message": "oh", "code": 3})
    assert understand(line) == (E, "oh", {"logger": "a.b", "code": 3})

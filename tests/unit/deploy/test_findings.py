from __future__ import annotations

import jsonpointer
from hypothesis import given
from hypothesis import strategies as st

from neuronserve.deploy.findings import Finding, Severity, pointer


@given(st.lists(st.text() | st.integers(0, 3), max_size=5))
def test_a_pointer_leads_to_the_place(steps):
    document: object = "here"
    for step in reversed(steps):
        document = {str(step): document}
    assert jsonpointer.resolve_pointer(document, pointer(*steps)) == "here"


def test_a_finding_is_one_line_with_document_place_severity_fix_and_code():
    finding = Finding("/cpu", Severity.ERROR, "cpu-range", "7 is too little", "use 128 or more")
    assert finding.line("a.json") == "a.json#/cpu: error: 7 is too little (use 128 or more) [cpu-range]"
    assert finding.as_dict() == {
        "pointer": "/cpu",
        "severity": "error",
        "code": "cpu-range",
        "message": "7 is too little",
        "fix": "use 128 or more",
    }

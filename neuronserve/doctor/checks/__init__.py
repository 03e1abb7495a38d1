"""The checks: each module has one function from the patient to an outcome, and ``table`` their order."""

"""Whether a model server that is up may serve: warm-up, golden answers, and a canary while it runs."""

GOLDEN_FILE = "golden.jsonl"  # in an artifact, beside its models

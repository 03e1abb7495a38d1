"""Least-privilege IAM documents for what ``scripts/task-definition`` and ``scripts/ecs`` make and call."""

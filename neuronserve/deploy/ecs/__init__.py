"""Amazon ECS: task definitions, placement, tasks and services."""

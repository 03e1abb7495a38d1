"""Task definitions that ECS has: read, compared, registered, listed and pruned."""

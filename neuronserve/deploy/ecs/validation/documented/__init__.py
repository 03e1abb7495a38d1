"""ECS's own rules: what RegisterTaskDefinition and the developer guide say of any task definition."""

"""One CloudFormation template: cluster, instances, roles, task definitions, services, and what watches them.

Each part is a module with pure functions from a Plan to resources; ``template.py`` puts them together.
"""

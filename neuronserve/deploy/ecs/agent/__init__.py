"""What the ECS agent makes of a container definition, in no engine's words yet.

Source: the agent's own way from a task to Docker's API, and botocore's documentation of each field. The
requests have AWS's shape (``shapes.py`` finds what has not). Each part tells in ``notes`` what an engine
on its own cannot do as the agent does.
"""

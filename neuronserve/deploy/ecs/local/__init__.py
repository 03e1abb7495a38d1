"""This machine as one container instance: docker or podman, with the ECS agent's part played here.

``plan.py`` makes of task definitions what the engine is to be told, as data; ``instance.py`` carries it out:
it starts (``task.py``, ``container.py``), looks after health (``health.py``) and restarts, and stops.
"""

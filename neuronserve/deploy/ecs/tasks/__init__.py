"""Tasks: run, found, watched until they are as wanted, explained when they are not, and stopped.

``plan`` makes the RunTask requests and ``place`` sends them; ``failures`` explains why ECS placed nothing,
``endings`` and ``faults`` why a task stopped. A task is a dict in the shape of DescribeTasks.
"""

"""From an instance type to a running service: AWS's own documents, built, checked, sent and explained.

Nothing of it is in the container. It shares ``instances``, ``settings``, ``compiled``, ``exitcodes`` and
``errors`` with the container's half, and nothing else.
"""

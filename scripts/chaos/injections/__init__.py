"""The injections. Each is a function of a ``Scene`` and a ``Step`` that does harm and returns what it saw.

Whether the service is as before afterwards is seen by the session, for all of them alike.
"""

"""Services: create or update one, follow its rollout, and say whether what runs is what was deployed.

``wanted.py`` holds what was asked, ``rules.py`` refuses what AWS would refuse or what cannot work with chips,
``creation.py`` and ``changes.py`` make the requests of it, ``rollout.py`` judges what ECS shows, and
``deployment.py`` does it all in order. Nothing but ``live.py``, ``deployment.py``, ``history.py``,
``stopped.py`` and ``unplaced.py`` speaks to AWS.

A service is "stable" also after ECS rolled it back, so nothing here waits for stability: a deployment has an
id, and only that one, as PRIMARY, COMPLETED, with all its tasks running, is success.
"""

"""What scripts/soak does: honest load on a service that is killed, frozen, filled and abused.

``schedule`` what is done, by a seed    ``session`` the order of it    ``injections/`` the doing
``forms``, ``clients``, ``answers`` the load    ``processes``, ``sampling``, ``stall`` what is watched
``limits`` what has to hold    ``report`` how it is shown
"""

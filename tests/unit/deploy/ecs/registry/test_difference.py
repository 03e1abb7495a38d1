from __future__ import annotations

from neuronserve.deploy.ecs.registry.difference import ABSENT, Change, difference


def app(**members):
    return {"family": "web", "containerDefinitions": [{"name": "app", "image": "app:1", **members}]}


def pointers(old, new):
    return [change.pointer for change in difference(old, new)]


def test_a_change_is_pointed_at_by_the_names_of_container_and_variable():
    old = app(environment=[{"name": "A", "value": "1"}, {"name": "B", "value": "1"}])
    new = app(environment=[{"name": "B", "value": "2"}, {"name": "A", "value": "1"}])
    assert difference(old, new) == [
        Change(("containerDefinitions", "app", "environment", "B"), old="1", new="2")
    ]
    assert pointers(old, new) == ["/containerDefinitions/app/environment/B"]


def test_what_is_added_and_taken_away_has_one_side():
    (added,) = difference(app(), app(user="1000"))
    assert (added.old, added.new) == (ABSENT, "1000")
    (gone,) = difference(app(user="1000"), app())
    assert (gone.old, gone.new) == ("1000", ABSENT)


def test_a_default_that_is_changed_has_an_old_value():
    (change,) = difference(app(), app(essential=False))
    assert (change.pointer, change.old, change.new) == ("/containerDefinitions/app/essential", True, False)


def test_slashes_of_names_are_escaped_as_in_json_pointers():
    old = app(linuxParameters={"devices": [{"hostPath": "/dev/neuron0"}]})
    new = app(linuxParameters={"devices": [{"hostPath": "/dev/neuron0", "permissions": ["read"]}]})
    assert pointers(old, new) == [
        "/containerDefinitions/app/linuxParameters/devices/~1dev~1neuron0/permissions/mknod",
        "/containerDefinitions/app/linuxParameters/devices/~1dev~1neuron0/permissions/write",
    ]


def test_one_port_for_two_protocols_is_two_ports():
    old = app(portMappings=[{"containerPort": 53}])
    new = app(portMappings=[{"containerPort": 53}, {"containerPort": 53, "protocol": "udp"}])
    assert pointers(old, new) == ["/containerDefinitions/app/portMappings/53~1udp"]


def test_a_list_with_an_order_changes_as_a_whole():
    (change,) = difference(app(command=["a", "b"]), app(command=["b", "a"]))
    assert (change.old, change.new) == (["a", "b"], ["b", "a"])


def test_another_container_of_the_same_place_is_not_the_same_container():
    old, new = app(), {"family": "web", "containerDefinitions": [{"name": "other", "image": "app:1"}]}
    assert pointers(old, new) == ["/containerDefinitions/app", "/containerDefinitions/other"]


def test_tags_are_part_of_it():
    tag = {"key": "team", "value": "search"}
    assert pointers(app(), {**app(), "tags": [tag]}) == ["/tags"]
    assert pointers({**app(), "tags": [tag]}, {**app(), "tags": [{**tag, "value": "ads"}]}) == ["/tags/team"]


def test_names_that_are_there_twice_are_told_apart():
    once = app(environment=[{"name": "A", "value": "1"}])
    twice = app(environment=[{"name": "A", "value": "1"}, {"name": "A", "value": "2"}])
    assert pointers(once, twice) == ["/containerDefinitions/app/environment/A#2"]

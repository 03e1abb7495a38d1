"""What is true of every expression."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from neuronserve.deploy.ecs import query
from neuronserve.deploy.ecs.query import And, Clause, Not, Operator, Or
from neuronserve.errors import InvalidInput

NAMES = ["a", "b", "c"]
SUBJECTS = [f"attribute:{name}" for name in NAMES]
VALUES = st.text("xyz .:@/\\'", max_size=4) | st.text('xyz."#(]&|', max_size=4)
ARGUMENTS = st.sampled_from(["x", "y", "xy", "x y", "9", "10"]) | VALUES
COMPARISONS = [
    operator for operator in Operator if operator not in {"in", "!in", "exists", "!exists", "=~", "!~"}
]

_one = st.builds(
    lambda subject, operator, argument: Clause(subject, operator, (argument,)),
    st.sampled_from(SUBJECTS),
    st.sampled_from(COMPARISONS),
    ARGUMENTS,
)
_lists = st.builds(
    lambda subject, operator, arguments: Clause(subject, operator, tuple(arguments)),
    st.sampled_from(SUBJECTS),
    st.sampled_from([Operator.IN, Operator.NOT_IN]),
    st.lists(ARGUMENTS, min_size=1, max_size=3),
)
_existence = st.builds(
    Clause, st.sampled_from(SUBJECTS), st.sampled_from([Operator.EXISTS, Operator.NOT_EXISTS])
)
_patterns = st.builds(
    lambda subject, operator, pattern: Clause(subject, operator, (pattern,)),
    st.sampled_from(SUBJECTS),
    st.sampled_from([Operator.MATCHES, Operator.NOT_MATCHES]),
    st.sampled_from(["x.*", "(x|y)+", "[xy]", "x{2}", r"\w+", "x y", "(x||y)", "'?x", '"*']),
)
_others = st.sampled_from(
    [
        Clause("agentVersion", Operator.GREATER, ("1.2.3",)),
        Clause("registeredAt", Operator.LESS, ("2018-06-18T22:28:28+00:00",)),
        Clause("task:group", Operator.NOT_EQUALS, ("service:a",)),
        Clause("runningTasksCount", Operator.EQUALS, ("3",)),
    ]
)
CLAUSES = _one | _lists | _existence | _patterns | _others


def _deeper(trees):
    several = st.lists(trees, min_size=2, max_size=3).map(tuple)
    return trees.map(Not) | several.map(And) | several.map(Or)


TREES = st.recursive(CLAUSES, _deeper, max_leaves=8)
INSTANCES = st.dictionaries(st.sampled_from(NAMES), st.sampled_from(["x", "y", "xy", "9", "10", ""]))
KNOWN = st.dictionaries(
    st.sampled_from([*SUBJECTS, "agentVersion", "task:group"]),
    st.none() | st.lists(st.sampled_from(["x", "1.2.4", "service:a"]), max_size=2).map(tuple),
)


@given(TREES)
def test_what_is_written_reads_as_the_same_tree(tree):
    text = str(tree)
    if len(text) <= 2000:
        assert query.parse(text) == tree


@given(TREES, TREES, KNOWN)
def test_de_morgans_laws_hold_for_the_known_and_the_unknown(a, b, known):
    def truth(tree):
        return query.truth(tree, known.get)

    assert truth(Not(And((a, b)))) == truth(Or((Not(a), Not(b))))
    assert truth(Not(Or((a, b)))) == truth(And((Not(a), Not(b))))
    assert truth(Not(Not(a))) == truth(a)


@given(st.sampled_from(SUBJECTS), st.lists(ARGUMENTS, min_size=2, max_size=4), INSTANCES)
def test_in_is_the_disjunction_of_equalities(subject, arguments, attributes):
    listed = Clause(subject, Operator.IN, tuple(arguments))
    each = Or(tuple(Clause(subject, Operator.EQUALS, (argument,)) for argument in arguments))
    assert query.matches(listed, attributes) == query.matches(each, attributes)


@given(CLAUSES, INSTANCES)
def test_a_negative_operator_is_existence_without_the_positive_one(clause, attributes):
    negative = {"==": Operator.NOT_EQUALS, "in": Operator.NOT_IN, "=~": Operator.NOT_MATCHES}
    if clause.operator not in negative or not clause.subject.startswith("attribute:"):
        return
    opposite = Clause(clause.subject, negative[clause.operator], clause.arguments)
    plain = And((Clause(clause.subject, Operator.EXISTS), Not(clause)))
    assert query.matches(opposite, attributes) == query.matches(plain, attributes)


@given(TREES, KNOWN)
def test_there_are_failures_exactly_when_it_is_false(tree, known):
    assert bool(query.failures(tree, known.get)) == (query.truth(tree, known.get) is False)


@given(TREES, INSTANCES, INSTANCES)
def test_what_matches_with_more_known_may_match_with_less(tree, known, more):
    if query.matches(tree, {**more, **known}):
        assert query.may_match(tree, known)


_VOCABULARY = """
attribute:a agentVersion registeredAt task:group == = != =~ !~ in !in not_in exists !exists ( ) [ ] , ' "
and or not && || ! x 1.2 2018-02-13 (a|b).* \\ { é \x00 AND
"""
_WORDS = st.sampled_from(_VOCABULARY.split())


@given(
    st.text(max_size=60)
    | st.lists(_WORDS, max_size=14).map(" ".join)
    | st.lists(_WORDS, max_size=9).map("".join)
)
def test_any_text_is_read_or_refused(text):
    try:
        tree = query.parse(text)
    except InvalidInput as error:
        assert "\n" not in error.message.replace(repr(text), "")
    else:
        assert query.parse(str(tree)) == tree

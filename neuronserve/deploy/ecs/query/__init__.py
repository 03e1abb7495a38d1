"""ECS's cluster query language, in which placement constraints are written.

``parse`` reads an expression and ``str`` writes it; ``truth`` and ``failures`` judge an instance by it,
``matches`` and ``may_match`` a set of attributes.
"""

from neuronserve.deploy.ecs.query.evaluation import Failure, Values, failures, matches, may_match, truth
from neuronserve.deploy.ecs.query.reading import parse
from neuronserve.deploy.ecs.query.tree import And, Clause, Expression, Not, Operator, Or, clauses

__all__ = [
    "And",
    "Clause",
    "Expression",
    "Failure",
    "Not",
    "Operator",
    "Or",
    "Values",
    "clauses",
    "failures",
    "matches",
    "may_match",
    "parse",
    "truth",
]

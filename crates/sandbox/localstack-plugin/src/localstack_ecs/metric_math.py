"""The part of metric math that is supported for alarms.

Source: Amazon CloudWatch User Guide, "Using math expressions with CloudWatch metrics". Supports
numbers, metrics, other expressions, `+ - * /`, comparisons, `IF`, `FILL` (a number or REPEAT), and
`MAX`, `MIN`, `SUM`, `AVG` of an array. Everything else is reported as unsupported.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable

Values = list[float | None]
"""Equally spaced datapoints, the newest last; None for a missing one."""

OPERATIONS: dict[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}
COMPARISONS: dict[type[ast.cmpop], Callable[[float, float], bool]] = {
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}
REDUCTIONS: dict[str, Callable[[list[float]], float]] = {
    "AVG": lambda values: sum(values) / len(values),
    "MAX": max,
    "MIN": min,
    "SUM": sum,
}
REPEAT = "REPEAT"
KNOWN = "numbers, + - * /, comparisons, IF, FILL and MAX, MIN, SUM, AVG of an array"


class Unsupported(Exception):
    """The expression has a part that isn't supported."""


def parse(expression: str) -> ast.expr:
    """Returns the expression's tree, with only the nodes that `value` computes."""
    try:
        tree = ast.parse(expression.strip(), mode="eval").body
        _check(tree, expression)
    except (SyntaxError, ValueError, RecursionError) as error:
        raise Unsupported(f"not understood: {expression}") from error
    return tree


def metrics(tree: ast.expr) -> set[str]:
    """Returns the IDs of the metrics and expressions that it uses."""
    functions = {id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    return {
        node.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Name) and id(node) not in functions and node.id != REPEAT
    }


def values(trees: dict[str, ast.expr], wanted: str, series: dict[str, Values]) -> Values:
    """Returns the datapoints of one expression, each computed from values of the same time."""
    length = min((len(points) for points in series.values()), default=0)
    return [value(trees[wanted], trees, series, index) for index in range(length)]


def value(
    node: ast.expr, trees: dict[str, ast.expr], series: dict[str, Values], index: int
) -> float | None:
    """Computes an expression at one datapoint. If an operand is missing, so is the result."""

    def of(part: ast.expr, at: int = index) -> float | None:
        return value(part, trees, series, at)

    if isinstance(node, ast.Constant):
        return float(node.value)
    if isinstance(node, ast.Name):
        return series[node.id][index] if node.id in series else of(trees[node.id])
    if isinstance(node, ast.Call):
        return _call(node, of, index)
    if isinstance(node, ast.Compare):
        left, right = of(node.left), of(node.comparators[0])
        if left is None or right is None:
            return None
        return float(COMPARISONS[type(node.ops[0])](left, right))
    left, right = of(node.left), of(node.right)
    if left is None or right is None or (isinstance(node.op, ast.Div) and right == 0):
        return None
    return OPERATIONS[type(node.op)](left, right)


def _call(node: ast.Call, of: Callable[..., float | None], index: int) -> float | None:
    name, arguments = node.func.id, node.args
    if name == "IF":
        condition = of(arguments[0])
        if condition is None:
            return None
        if condition:
            return of(arguments[1])
        return of(arguments[2]) if len(arguments) == 3 else None
    if name == "FILL":
        found = of(arguments[0])
        if found is not None:
            return found
        if not _repeats(arguments[1]):
            return of(arguments[1])
        earlier = (of(arguments[0], at) for at in range(index - 1, -1, -1))
        return next((point for point in earlier if point is not None), None)
    # As in `SUM(METRICS())`, a metric without a datapoint doesn't affect the others' result.
    present = [point for point in map(of, arguments[0].elts) if point is not None]
    return float(REDUCTIONS[name](present)) if present else None


def _check(node: ast.expr, expression: str) -> None:
    """Refuses nodes that `value` doesn't compute."""
    if isinstance(node, ast.Name):
        return
    if isinstance(node, ast.Constant) and type(node.value) in (int, float):
        return
    if isinstance(node, ast.BinOp) and type(node.op) in OPERATIONS:
        parts = [node.left, node.right]
    elif isinstance(node, ast.Compare) and len(node.ops) == 1 and type(node.ops[0]) in COMPARISONS:
        parts = [node.left, node.comparators[0]]
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and not node.keywords:
        parts = _operands(node.func.id, node.args)
    else:
        parts = None
    if parts is None:
        raise Unsupported(f"only {KNOWN} are evaluated: {expression}")
    for part in parts:
        _check(part, expression)


def _operands(name: str, arguments: list[ast.expr]) -> list[ast.expr] | None:
    """Returns the expressions in a function's arguments. None if this form isn't supported."""
    if name == "IF" and len(arguments) in (2, 3):
        return arguments
    if name == "FILL" and len(arguments) == 2:
        return arguments[:1] if _repeats(arguments[1]) else arguments
    if name in REDUCTIONS and len(arguments) == 1 and isinstance(arguments[0], ast.List):
        return arguments[0].elts
    return None


def _repeats(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id == REPEAT

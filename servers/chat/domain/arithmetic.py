"""What `math.evaluate` computes: a small language of numbers, read into a tree and walked over a table of operations.

Nothing is executed that is not in the tables; every bound has its sentence. Whole numbers are exact, others doubles.
"""

import ast
import math
import operator
from collections.abc import Callable, Mapping
from typing import Final

Number = int | float

LONGEST_EXPRESSION: Final = 1_000
MOST_NODES: Final = 400
DEEPEST: Final = 100
# 4,096 bits are 1,233 digits; more nobody reads.
MOST_BITS: Final = 4_096
MOST_EXPONENT: Final = 10_000
MOST_FACTORIAL: Final = 400


class ArithmeticProblem(Exception):  # noqa: N818 - it is an answer to the model, a sentence
    """Why an expression has no value, as a sentence."""


def evaluate(expression: str) -> Number:
    """The value. Raises ArithmeticProblem."""
    if not expression.strip():
        raise ArithmeticProblem("The expression is empty. Write one, such as 2 * (3 + 4).")
    if len(expression) > LONGEST_EXPRESSION:
        raise ArithmeticProblem(f"The expression is longer than {LONGEST_EXPRESSION} characters. Compute it in parts.")
    tree = _read(expression)
    if sum(1 for _ in ast.walk(tree)) > MOST_NODES:
        raise ArithmeticProblem(f"The expression has more than {MOST_NODES} parts. Compute it in parts.")
    try:
        return _checked(_value(tree.body, 0))
    except ZeroDivisionError:
        raise ArithmeticProblem("The expression divides by zero.") from None
    except OverflowError:
        raise ArithmeticProblem("The result is larger than can be computed.") from None


def written(value: Number) -> str:
    """A value as text: whole numbers whole, others with as many digits as a double has."""
    if isinstance(value, int):
        return str(value)
    return str(int(value)) if value.is_integer() and abs(value) < 2**53 else repr(value)


def _read(expression: str) -> ast.Expression:
    try:
        return ast.parse(expression.strip(), mode="eval")
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        raise ArithmeticProblem(
            "The expression cannot be read. Write numbers, + - * / // % **, brackets and functions such as sqrt(2)."
        ) from None


def _value(node: ast.expr, depth: int) -> Number:
    if depth > DEEPEST:
        raise ArithmeticProblem(f"The expression is nested deeper than {DEEPEST} levels. Compute it in parts.")
    if isinstance(node, ast.Constant):
        return _constant(node.value)
    if isinstance(node, ast.Name):
        return _named(node.id)
    if isinstance(node, ast.UnaryOp) and type(node.op) in _SIGNS:
        return _SIGNS[type(node.op)](_value(node.operand, depth + 1))
    if isinstance(node, ast.BinOp) and type(node.op) in _OPERATIONS:
        left, right = _value(node.left, depth + 1), _value(node.right, depth + 1)
        return _checked(_OPERATIONS[type(node.op)](left, right))
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitXor):
        raise ArithmeticProblem("^ is not known here. Write ** for a power.")
    if isinstance(node, ast.Call):
        return _called(node, depth)
    raise ArithmeticProblem("Only numbers, + - * / // % **, brackets and functions are known here.")


def _constant(value: object) -> Number:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ArithmeticProblem("Only numbers are known here, no texts and no truth values.")
    return _checked(value)


def _named(name: str) -> Number:
    if name not in _CONSTANTS:
        raise ArithmeticProblem(f"{name[:40]} is not known here. The constants are {', '.join(_CONSTANTS)}.")
    return _CONSTANTS[name]


def _called(node: ast.Call, depth: int) -> Number:
    name = node.func.id if isinstance(node.func, ast.Name) else ""
    if name not in _FUNCTIONS or node.keywords:
        raise ArithmeticProblem(f"That function is not known here. The functions are {', '.join(_FUNCTIONS)}.")
    function, least, most = _FUNCTIONS[name]
    if not least <= len(node.args) <= most:
        count = str(least) if least == most else f"{least} to {most}"
        raise ArithmeticProblem(f"{name} takes {count} values and was given {len(node.args)}.")
    values = [_value(argument, depth + 1) for argument in node.args]
    try:
        return _checked(function(*values))
    except (ValueError, TypeError):
        raise ArithmeticProblem(
            f"{name} is not defined for {', '.join(written(value)[:40] for value in values)}."
        ) from None


def _checked(value: object) -> Number:
    if isinstance(value, complex) or not isinstance(value, int | float):
        raise ArithmeticProblem("The result is no real number.")
    if isinstance(value, float) and not math.isfinite(value):
        raise ArithmeticProblem("The result is larger than can be computed.")
    if isinstance(value, int) and value.bit_length() > MOST_BITS:
        raise ArithmeticProblem(f"The result has more than {MOST_BITS} bits. Compute with smaller numbers.")
    return value


def _power(base: Number, exponent: Number) -> Number:
    """A power whose size is known before it is computed."""
    if abs(exponent) > MOST_EXPONENT:
        raise ArithmeticProblem(f"The exponent is beyond {MOST_EXPONENT}. Compute with a smaller one.")
    if isinstance(base, int) and isinstance(exponent, int) and exponent > 0:
        if base.bit_length() * exponent > MOST_BITS + exponent:
            raise ArithmeticProblem(f"The result has more than {MOST_BITS} bits. Compute with smaller numbers.")
        return int(base**exponent)
    result = float(base) ** exponent if base >= 0 or float(exponent).is_integer() else None
    if result is None:
        raise ArithmeticProblem("The result is no real number.")
    return float(result)


def _factorial(number: Number) -> int:
    if number > MOST_FACTORIAL:
        raise ArithmeticProblem(f"factorial is known up to {MOST_FACTORIAL}.")
    return math.factorial(int(number)) if float(number).is_integer() else math.factorial(-1)


def _rounded(number: Number, digits: Number = 0) -> Number:
    places = int(max(-400, min(400, digits)))
    return round(number, places) if places else round(number)


_SIGNS: Final[Mapping[type[ast.unaryop], Callable[[Number], Number]]] = {ast.UAdd: operator.pos, ast.USub: operator.neg}
_OPERATIONS: Final[Mapping[type[ast.operator], Callable[[Number, Number], Number]]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: _power,
}
_CONSTANTS: Final[Mapping[str, float]] = {"pi": math.pi, "e": math.e, "tau": math.tau}
# each with the fewest and the most values it takes
_FUNCTIONS: Final[Mapping[str, tuple[Callable[..., Number], int, int]]] = {
    "abs": (abs, 1, 1),
    "ceil": (math.ceil, 1, 1),
    "cos": (math.cos, 1, 1),
    "exp": (math.exp, 1, 1),
    "factorial": (_factorial, 1, 1),
    "floor": (math.floor, 1, 1),
    "log": (math.log, 1, 2),
    "log10": (math.log10, 1, 1),
    "log2": (math.log2, 1, 1),
    "max": (max, 2, 20),
    "min": (min, 2, 20),
    "round": (_rounded, 1, 2),
    "sin": (math.sin, 1, 1),
    "sqrt": (math.sqrt, 1, 1),
    "sum": (lambda *values: sum(values), 1, 20),
    "tan": (math.tan, 1, 1),
}

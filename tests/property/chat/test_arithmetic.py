"""`math.evaluate` against the same expression computed beside it, and its bounds against whatever is written."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from servers.chat.domain.arithmetic import ArithmeticProblem, evaluate, written


@dataclass(frozen=True)
class Sum:
    """An expression as it is written, and its exact value; None where it has none."""

    text: str
    value: Fraction | None


def _leaf(number: int) -> Sum:
    return Sum(str(number), Fraction(number))


def _with(left: Sum, right: Sum, sign: str) -> Sum:
    text = f"({left.text} {sign} {right.text})"
    if left.value is None or right.value is None:
        return Sum(text, None)
    if sign in ("//", "%") and right.value == 0:
        return Sum(text, None)
    operations: dict[str, Callable[[Fraction, Fraction], Fraction]] = {
        "+": lambda a, b: a + b,
        "-": lambda a, b: a - b,
        "*": lambda a, b: a * b,
        "//": lambda a, b: Fraction(a // b),
        "%": lambda a, b: a % b,
    }
    return Sum(text, operations[sign](left.value, right.value))


SUMS: Final = st.recursive(
    st.integers(0, 10**6).map(_leaf),
    lambda inner: st.one_of(
        st.builds(_with, inner, inner, st.sampled_from(["+", "-", "*", "//", "%"])),
        inner.map(lambda each: Sum(f"-{each.text}", None if each.value is None else -each.value)),
        inner.map(lambda each: Sum(f"abs({each.text})", None if each.value is None else abs(each.value))),
    ),
    max_leaves=12,
)


@given(SUMS)
def test_whole_numbers_are_exact(expression: Sum) -> None:
    if expression.value is None:
        with pytest.raises(ArithmeticProblem) as problem:
            evaluate(expression.text)
        assert str(problem.value) == "The expression divides by zero."
        return
    value = evaluate(expression.text)
    assert isinstance(value, int)
    assert value == expression.value
    assert Fraction(written(value)) == expression.value


@given(st.floats(-1e9, 1e9, allow_nan=False), st.floats(0.001, 1e6), st.sampled_from(["+", "-", "*", "/"]))
def test_others_are_doubles(left: float, right: float, sign: str) -> None:
    reference = {"+": left + right, "-": left - right, "*": left * right, "/": left / right}[sign]
    value = evaluate(f"({left!r}) {sign} ({right!r})")
    assert value == reference
    assert float(written(value)) == reference


@given(st.text(alphabet="0123456789+-*/%^().,e_ abcdefgimnoprstxyz'\"[]{}:=!<>", max_size=60))
def test_whatever_is_written_has_a_value_or_a_sentence(text: str) -> None:
    said = ""
    try:
        assert math.isfinite(evaluate(text))
    except ArithmeticProblem as problem:
        said = str(problem)
    assert not said or said.endswith(".")


@pytest.mark.parametrize(
    ("expression", "sentence"),
    [
        ("", "The expression is empty. Write one, such as 2 * (3 + 4)."),
        ("1" * 1_001, "The expression is longer than 1000 characters. Compute it in parts."),
        ("+".join("1" * 200), "The expression has more than 400 parts. Compute it in parts."),
        ("-" * 105 + "1", "The expression is nested deeper than 100 levels. Compute it in parts."),
        ("9**9**9", "The exponent is beyond 10000. Compute with a smaller one."),
        ("2**5000", "The result has more than 4096 bits. Compute with smaller numbers."),
        ("2**4000*2**4000", "The result has more than 4096 bits. Compute with smaller numbers."),
        ("(-8)**0.5", "The result is no real number."),
        ("1e308*10", "The result is larger than can be computed."),
        ("0**-1", "The expression divides by zero."),
        ("2^3", "^ is not known here. Write ** for a power."),
        ("True", "Only numbers are known here, no texts and no truth values."),
        ("x", "x is not known here. The constants are pi, e, tau."),
        ("().__class__", "Only numbers, + - * / // % **, brackets and functions are known here."),
        ("max(1)", "max takes 2 to 20 values and was given 1."),
        ("sqrt(-1)", "sqrt is not defined for -1."),
        ("factorial(401)", "factorial is known up to 400."),
    ],
)
def test_every_bound_has_its_sentence(expression: str, sentence: str) -> None:
    with pytest.raises(ArithmeticProblem) as problem:
        evaluate(expression)
    assert str(problem.value) == sentence


def test_no_name_leads_out() -> None:
    for text in ("__import__('os')", "abs.__globals__", "(lambda: 1)()", "[x for x in (1,)]", "f'{1}'", "open('a')"):
        with pytest.raises(ArithmeticProblem):
            evaluate(text)

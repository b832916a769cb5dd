"""Equations for people: an expression as plain text, which Python could evaluate, and as LaTeX."""

import re
from collections.abc import Mapping
from typing import Any

import numpy as np

from optim.explanation.trace import Expression

Names = Mapping[Expression, str]

# How strongly an operation binds; what binds less strongly than its surroundings is put in parentheses.
_SUM, _PRODUCT, _SIGN, _POWER, _ATOM = range(1, 6)
_BINARY = {
    "add": ("+", _SUM),
    "subtract": ("-", _SUM),
    "multiply": ("*", _PRODUCT),
    "divide": ("/", _PRODUCT),
}
_CALLS = {"absolute": "abs", "maximum": "max", "minimum": "min"}
_LATEX_NAMES: dict[str, str] = {
    "lr": r"\mathrm{lr}",
    "eps": r"\varepsilon",
    "grad": r"\mathrm{grad}",
    "g_bar": r"\bar g",
    **{letter: rf"\{letter}" for letter in ("alpha", "lambda", "mu", "tau", "Psi")},
}


def text(expression: Expression, names: Names, numbers: bool = False) -> str:
    """`expression` in Python's syntax, except that subscripts are as in m[t-1].

    Parameters
    ----------
    expression : Expression
    names : mapping from Expression to str
        What has an equation of its own is called by its name.
    numbers : bool
        Write values in the place of names.

    Examples
    --------
    >>> from optim.explanation.trace import Traced
    >>> lr, g = Traced(0.5, "lr"), Traced(np.array([4.0]), "g")
    >>> text((2 - lr * (g + 1)).expression, {})
    '2 - lr * (g + 1)'
    >>> text((2 - lr * (g + 1)).expression, {}, numbers=True)
    '2 - 0.5 * (4.0 + 1)'
    """
    return _write(expression, names, numbers, latex=False)[0]


def latex(expression: Expression, names: Names, numbers: bool = False) -> str:
    """The same in LaTeX, without dollar signs."""
    return _write(expression, names, numbers, latex=True)[0]


def number(value: Any) -> str:
    """The shortest digits that give back exactly this number in its own precision."""
    return str(np.asarray(value).reshape(-1)[0])


def latex_name(name: str) -> str:
    r"""A name as in 'beta1' or 'm[t-1]' in LaTeX.

    Examples
    --------
    >>> latex_name("m[t-1]"), latex_name("beta1")
    ('m_{t-1}', '\\beta_{1}')
    """
    sign: str
    sign, letters, subscript = re.findall(r"(-?)([A-Za-z_]+)(\[.*\]|\d*)", name)[0]
    base = _LATEX_NAMES.get(letters) or (r"\beta" if letters == "beta" else letters)
    if len(base) > 1 and "\\" not in base:
        base = rf"\mathrm{{{base}}}".replace("_", r"\_")
    return sign + base + (f"_{{{subscript.strip('[]')}}}" if subscript else "")


def latex_number(value: Any) -> str:
    """`number` with powers of ten."""
    mantissa, _, exponent = number(value).partition("e")
    return rf"{mantissa} \cdot 10^{{{int(exponent)}}}" if exponent else mantissa


def _write(x: Expression, names: Names, numbers: bool, latex: bool) -> tuple[str, int]:
    """The expression and how strongly it binds; its own name is not used, only those of what is in it."""
    if x.operation is None:
        return _given(x, x.name, numbers, latex)

    def part(i: int, least: int = 0) -> str:
        child = x.inputs[i]
        known = child in names
        string, strength = (
            _given(child, names[child], numbers, latex) if known else _write(child, names, numbers, latex)
        )
        return string if strength >= least else rf"\left({string}\right)" if latex else f"({string})"

    if latex and x.operation == "divide":
        return rf"\frac{{{part(0)}}}{{{part(1)}}}", _SIGN
    if x.operation in _BINARY:
        sign, strength = _BINARY[x.operation]
        sign = r"\cdot" if latex and sign == "*" else sign
        # The second operand keeps its parentheses, a + (b + c): floating-point sums are not associative.
        # And a sign never stands beside another: a - (-b).
        negative = part(1).startswith("-")
        return f"{part(0, strength)} {sign} {part(1, _ATOM if negative else strength + 1)}", strength
    if x.operation == "negative":
        return f"-{part(0, _POWER)}", _SIGN
    if x.operation in ("square", "power"):
        exponent = "2" if x.operation == "square" else part(1, 0 if latex else _POWER)
        return f"{part(0, _ATOM)}^{{{exponent}}}" if latex else f"{part(0, _ATOM)}**{exponent}", _POWER
    if latex and x.operation == "sqrt":
        return rf"\sqrt{{{part(0)}}}", _ATOM
    if latex and x.operation == "absolute":
        return rf"\left|{part(0)}\right|", _ATOM
    name = _CALLS.get(x.operation, x.operation)
    arguments = ", ".join(part(i) for i in range(len(x.inputs)))
    return (rf"\mathrm{{{name}}}\left({arguments}\right)" if latex else f"{name}({arguments})"), _ATOM


def _given(x: Expression, name: str | None, numbers: bool, latex: bool) -> tuple[str, int]:
    if numbers or name is None:
        string = latex_number(x.value) if latex else number(x.value)
        strength = _PRODUCT if r"\cdot" in string else _ATOM
    else:
        string, strength = (latex_name(name) if latex else name), _ATOM
    return string, _SIGN if string.startswith("-") else strength

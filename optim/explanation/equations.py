"""The last update of one element, equation by equation, as people read it."""

from collections.abc import Iterator
from dataclasses import dataclass

from minigrad.backend import Array
from optim.explanation.notation import Names, latex, latex_name, latex_number, number, text
from optim.explanation.trace import Expression


@dataclass
class Equation:
    """A line of the algorithm: what is computed, and from what.

    Parameters
    ----------
    name : str
    expression : Expression
    words : str
        What is not a formula, or says what the formula means.
    """

    name: str
    expression: Expression
    words: str = ""


@dataclass
class Explanation:
    """The last update of one element; see `Optimizer.explain`.

    Parameters
    ----------
    title : str
    equations : list of Equation
        In the order in which they were computed; the last one gives the parameter.
    stored : Array
        The element as it stands in the parameter now, an array with one element.

    Examples
    --------
    >>> import minigrad as mg
    >>> import optim
    >>> w = mg.tensor([1.0, 2.0], requires_grad=True, dtype="float64")
    >>> optimizer = optim.SGD([("w", w)], lr=0.5, momentum=0.9)
    >>> optimizer.remember()
    >>> w.grad = mg.tensor([0.25, 1.0], dtype="float64")
    >>> optimizer.step()
    >>> print(optimizer.explain("w", 1))
    SGD, update 1 of w[1], computed in float64
    <BLANKLINE>
      g[t] = grad
           = 1.0
    <BLANKLINE>
      b[t] = b[t-1] * mu + g[t]
           = 0.0 * 0.9 + 1.0
           = 1.0
    <BLANKLINE>
      w[t] = w[t-1] - b[t] * lr
           = 2.0 - 1.0 * 0.5
           = 1.5
    <BLANKLINE>
    This is the stored parameter, bit for bit.
    """

    title: str
    equations: list[Equation]
    stored: Array

    @property
    def result(self) -> Array:
        """What the arithmetic gives, in the dtype of the parameter."""
        return self.equations[-1].expression.value  # type: ignore[no-any-return]

    @property
    def exact(self) -> bool:
        """Whether the result is the stored parameter, bit for bit."""
        return self.result.dtype == self.stored.dtype and self.result.tobytes() == self.stored.tobytes()

    @property
    def names(self) -> Names:
        """The name of every expression that has an equation of its own."""
        return {equation.expression: equation.name for equation in self.equations}

    def __str__(self) -> str:
        width = max(len(equation.name) for equation in self.equations)
        lines = [self.title]
        for equation in self.equations:
            sides = list(self._right_hand_sides(equation))
            lines.append("")
            lines += [
                f"  {equation.name if i == 0 else '':<{width}} = {side}" for i, side in enumerate(sides)
            ]
        return "\n".join([*lines, "", self._verdict()])

    def _right_hand_sides(self, equation: Equation) -> Iterator[str]:
        if equation.words:
            yield equation.words
        if equation.expression.operation:
            yield text(equation.expression, self.names)
            yield text(equation.expression, self.names, numbers=True)
        yield number(equation.expression.value)

    def _repr_latex_(self) -> str:
        rows = []
        for equation in self.equations:
            sides = [rf"\text{{{equation.words}}}"] if equation.words else []
            if equation.expression.operation:
                sides.append(latex(equation.expression, self.names))
                sides.append(latex(equation.expression, self.names, numbers=True))
            sides.append(latex_number(equation.expression.value))
            rows.append(latex_name(equation.name) + "".join(rf" &= {side} \\" + "\n" for side in sides))
        return "$$\\begin{aligned}\n" + "".join(rows) + rf"&\text{{{self._verdict()}}}" + "\n\\end{aligned}$$"

    def _verdict(self) -> str:
        if self.exact:
            return "This is the stored parameter, bit for bit."
        return (
            f"The stored parameter is {number(self.stored)}: it has been changed since, "
            "or this device rounds otherwise than NumPy."
        )

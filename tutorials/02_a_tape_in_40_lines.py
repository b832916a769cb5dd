# %% [markdown]
# # A tape in 40 lines
#
# In [chapter 1](01_one_slope.py) we measured slopes by nudging. It is honest work, but it takes two
# evaluations of the function for every single slope. A network with 270,000 parameters would spend
# an hour and a half on one gradient, and training needs tens of thousands of gradients.
#
# In this chapter we get all the slopes at once, exactly, for about the price of a few evaluations.
# The method is called *reverse-mode automatic differentiation*, or backpropagation. The name is
# larger than the thing. What is behind it is a to-do list, read backwards.

# %%
import time

import matplotlib.pyplot as plt
import numpy as np

plt.rcParams.update({"axes.spines.top": False, "axes.spines.right": False, "figure.dpi": 120})
BLUE, ORANGE, GREY = "#0072B2", "#D55E00", "#999999"

# %% [markdown]
# ## By hand, once
#
# Take one neuron with a weight before and a weight after: $y = v \tanh(w x)$. A computer works it
# out in three small steps:

# %%
w, x, v = 0.5, 1.5, 2.0

a = w * x
b = np.tanh(a)
y = v * b

# %% [markdown]
# Now the slopes. We write $\bar b$ for the slope of $y$ by $b$: how much the result changes when
# $b$ is nudged. The slope of $y$ by itself is 1. From there we go up the program, line by line, and
# ask of each line how a nudge of its inputs changes its output:

# %%
y_bar = 1.0

b_bar = y_bar * v  # y = v * b
v_bar = y_bar * b
a_bar = b_bar * (1 - b**2)  # b = tanh(a)
w_bar = a_bar * x  # a = w * x
x_bar = a_bar * w

h = 1e-5  # the referee of chapter 1
measured = (v * np.tanh((w + h) * x) - v * np.tanh((w - h) * x)) / (2 * h)
print(f"slope by w:   computed {w_bar:.9f}   measured {measured:.9f}")

# %% [markdown]
# Three slopes, and we evaluated nothing a second time. Look at what we did, because there was no
# thinking in it:
#
# - Every line of the program gave one line for each of its inputs, and we went through them **in
#   reverse order**.
# - Every one of these lines says: *take the slope that has arrived at the output, multiply it by
#   the local slope of this step, and hand it to the input.*
# - A local slope (`v`, `1 - b**2`, `x`) needs only numbers that were known when the step was
#   computed.
#
# Work without thinking is work for a machine. While it computes forward, let it take notes: for
# each step the output, the inputs, and the local slope by each input. To get the slopes, it reads
# its notes from the last one to the first.

# %% [markdown]
# ## The tape
#
# The list of notes is traditionally called the tape. A `Value` is a number together with a place
# for its slope; its operators do the usual arithmetic and leave a note.

# %%
tape = []


class Value:
    """A number, or an array of them, and the slope of the result by it."""

    def __init__(self, data):
        self.data = np.asarray(data, dtype=float)
        self.grad = 0.0

    def __add__(self, other):
        return record(self.data + other.data, (self, 1.0), (other, 1.0))

    def __mul__(self, other):
        return record(self.data * other.data, (self, other.data), (other, self.data))


def tanh(x):
    value = np.tanh(x.data)
    return record(value, (x, 1 - value**2))


def record(data, *edges):
    """Make an output, and note the inputs it came from, each with its local slope."""
    output = Value(data)
    tape.append((output, edges))
    return output


def backward(result):
    """Read the tape backwards and hand every slope to where it belongs."""
    result.grad = 1.0
    for output, edges in reversed(tape):
        for value, slope in edges:
            value.grad = output.grad * slope


# %%
w, x, v = Value(0.5), Value(1.5), Value(2.0)
y = v * tanh(w * x)
backward(y)
print(f"by hand: {w_bar:.9f}   by the tape: {w.grad:.9f}")

# %% [markdown]
# That is the whole algorithm, and it works on any formula made of these operations. Or does it?

# %% [markdown]
# ## The formula that breaks it
#
# Very deep networks became trainable when He and his colleagues added the input of a block to its
# output, $y = x + v \tanh(wx)$. This is a *residual block*; ResNets consist of them. Surely one
# more addition can do no harm.

# %%
tape.clear()
w, x, v = Value(0.5), Value(1.5), Value(2.0)
a = w * x
b = tanh(a)
c = v * b
y = c + x
backward(y)


def block(x):
    return x + 2.0 * np.tanh(0.5 * x)


print(f"measured: {(block(1.5 + h) - block(1.5 - h)) / (2 * h):.9f}")
print(f"tape:     {x.grad:.9f}")

# %% [markdown]
# It is wrong. No exception, no NaN: just a number that is too small, for the most popular block in
# the field. **Before you read on**, try to find the line that does it. The picture may help: it
# shows what is on the tape, with values in the boxes and local slopes on the arrows.


# %% tags=["hide-input"]
def draw(places, title):
    """Draw what is on the tape; `places` maps each Value to its name, column and row."""
    axes = plt.figure(figsize=(8.4, 3.4)).subplots()
    for output, edges in tape:
        _, *end = places[output]
        for value, slope in edges:
            _, *start = places[value]
            skip = end[0] - start[0] > 2  # an edge over other boxes takes a bow around them
            middle = np.add(start, end) / 2 + (0, 0.2 * (end[0] - start[0]) / 2 * skip)
            arrow = {"arrowstyle": "-|>", "color": GREY, "shrinkA": 22, "shrinkB": 22}
            axes.annotate("", end, start, arrowprops=arrow | {"connectionstyle": f"arc3,rad={-0.2 * skip}"})
            axes.text(*middle, f"{slope:.3g}", ha="center", va="center", bbox={"color": "white", "pad": 1.5})
    for value, (name, column, row) in places.items():
        box = {"boxstyle": "round,pad=0.4", "color": BLUE}
        axes.text(column, row, f"{name}\n{value.data:.2f}", ha="center", va="center", color="white", bbox=box)
        axes.text(column, row - 0.42, f"{value.grad:.4g}", ha="center", va="center", color=ORANGE)
    axes.set(xlim=(-0.4, 6.8), ylim=(-1.6, 1), aspect="equal")
    axes.set_title(title, fontsize=11)
    axes.axis("off")
    plt.show()


places = {
    x: ("x", 0, 0), a: ("a", 1.6, 0), b: ("b", 3.2, 0), c: ("c", 4.8, 0), y: ("y", 6.4, 0),
    w: ("w", 0, -1), v: ("v", 3.2, -1),
}  # fmt: skip
draw(places, "blue: values     black: local slopes     orange: slopes of y, according to the tape")

# %% [markdown]
# Follow the arrows from $x$ to $y$: there are two ways. Nudge $x$ by a tiny $h$. Over the arc, $y$
# moves by $1 \cdot h$. Along the chain, it moves by
# $0.5 \cdot 0.597 \cdot 2 \cdot 1 \cdot h = 0.597\,h$. Both happen at once, so $y$ moves by
# $1.597\,h$: **slopes along one path multiply, slopes of different paths add.**
#
# Our tape did compute both numbers. It first handed 1 to $x$, and later handed it 0.597, and
# `value.grad = ...` threw away the first. Whenever a value is used twice, its slopes have to be
# added up. The cure is a single character:


# %%
def backward(result):
    """Read the tape backwards and hand every slope to where it belongs."""
    result.grad = 1.0
    for output, edges in reversed(tape):
        for value, slope in edges:
            value.grad += output.grad * slope  # += : a value may be used more than once


for value in places:
    value.grad = 0.0
backward(y)
draw(places, "after the cure: the two paths from x add up")

# %% [markdown]
# Two things about this loop deserve a second look.
#
# **The order is right, always.** When the note about an output is read, its slope must be complete,
# or something incomplete is handed on. Whatever uses the output was computed after it, so the notes
# of all its uses stand *later* on the tape and have been read *earlier*. There is no graph to
# search and nothing to sort. The order in which things happened is enough.
#
# **Adding up has a price.** `+=` needs a zero to start from. Call `backward` twice and every slope
# is counted twice. This is why every training loop that you will ever read has a line
# `optimizer.zero_grad()`.

# %% [markdown] tags=["exercise"]
# ## Exercise: two more operations
#
# Teach the tape `exp` and `maximum` (elementwise: the larger one of two values). Each takes two
# lines: compute the value, and record it with its edges. One question you have to decide yourself:
# what are the two local slopes of `maximum` when both inputs are equal?


# %%
def exp(x):
    # BEGIN SOLUTION
    value = np.exp(x.data)
    return record(value, (x, value))
    # END SOLUTION


def maximum(p, q):
    # BEGIN SOLUTION
    # At a tie each input gets one half: nudged together, they move the output with slope 1.
    p_wins = np.where(p.data == q.data, 0.5, p.data > q.data)
    return record(np.maximum(p.data, q.data), (p, p_wins), (q, 1 - p_wins))
    # END SOLUTION


# %% [markdown]
# The check writes random programs: each of their lines picks an operation, applies it to the line
# before and to *any* earlier value, and so uses many values more than once. Then it nudges all
# inputs along a random direction and compares with what the tape says, as in chapter 1. A program
# may well ask for the `maximum` of a value and itself, so think about that tie. The inputs are
# arrays, since a `Value` may hold one: every program is tested at ten points at once.


# %%
def check_tape(programs=200, lines=12, seed=0):
    rng = np.random.default_rng(seed)
    operations = {
        "p + q": lambda p, q: p + q,
        "tanh(p * q)": lambda p, q: tanh(p * q),
        "exp(tanh(p))": lambda p, q: exp(tanh(p)),
        "maximum(p, q)": maximum,
    }

    def run(program, inputs):
        values = [Value(data) for data in inputs]
        for name, earlier in program:
            values.append(operations[name](values[-1], values[earlier]))
        return values

    for _ in range(programs):
        program = [(rng.choice(list(operations)), rng.integers(3 + line)) for line in range(lines)]
        inputs, directions = rng.normal(size=(2, 3, 10))
        h = 1e-6
        up, down = run(program, inputs + h * directions)[-1], run(program, inputs - h * directions)[-1]
        measured = (up.data - down.data) / (2 * h)

        tape.clear()
        values = run(program, inputs)
        backward(values[-1])
        computed = sum(value.grad * direction for value, direction in zip(values, directions, strict=False))
        worst = np.argmax(abs(computed - measured))
        assert np.allclose(computed, measured, rtol=1e-5, atol=1e-6), (
            f"measured {measured[worst]:.6f}, the tape says {computed[worst]:.6f}, for the program {program}"
        )
    print(f"passed: {programs} random programs of {lines} lines, each at 10 points")


check_tape()

# %% [markdown]
# Count the lines of `Value`, `tanh`, `exp`, `maximum`, `record` and `backward`: fewer than forty.
# This is an automatic differentiator. What a framework adds is more operations, arrays on other
# devices, speed, and one correction that we shall meet in a moment.

# %% [markdown]
# ## What it costs
#
# We promised all slopes for the price of a few evaluations. Here is a chain of $n$ neurons with $n$
# weights, and the time for its $n$ slopes, by nudging and by the tape.


# %%
def chain(numbers):
    tape.clear()
    value = Value(1.0)
    for number in numbers:
        value = tanh(Value(number) * value)
    return value


def nudging(numbers):
    for i in range(len(numbers)):
        nudge = h * (np.arange(len(numbers)) == i)
        chain(numbers + nudge)
        chain(numbers - nudge)


def tape_forward_and_backward(numbers):
    backward(chain(numbers))


def seconds(method, n):
    start = time.perf_counter()
    method(np.ones(n))
    return time.perf_counter() - start


# %% tags=["hide-input"]
sizes = [3, 10, 30, 100, 300]
figure, axes = plt.subplots(figsize=(7, 4))
for method, label, color, shift in [
    (nudging, "all slopes, by nudging", ORANGE, 1),
    (tape_forward_and_backward, "all slopes, by the tape", BLUE, 1.4),
    (chain, "one evaluation, no slope", GREY, 0.7),
]:
    times = [min(seconds(method, n) for _ in range(3)) for n in sizes]
    axes.loglog(sizes, times, "o-", color=color)
    axes.text(350, times[-1] * shift, label, color=color, va="center")
axes.set(xlabel="number of weights n", ylabel="seconds", xticks=sizes, xticklabels=sizes)
axes.minorticks_off()
plt.show()

# %% [markdown]
# Nudging takes $2n$ evaluations of a program of about $n$ lines: its curve is twice as steep. The
# tape runs parallel to a single evaluation, a small factor above it, no matter how many slopes
# there are. This *cheap gradient principle* is the reason why networks with billions of parameters
# can be trained at all.

# %% [markdown]
# ## One thing is still broken
#
# A `Value` may hold an array, as in the check above. So let us do what every layer of a network
# does, and add a bias to a batch of three rows:

# %%
tape.clear()
batch, bias = Value(np.ones((3, 4))), Value(np.zeros(4))
backward(tanh(batch + bias))
print("bias:", bias.data.shape, "  its slopes:", bias.grad.shape)

# %% [markdown]
# Four numbers with twelve slopes cannot be right. Where the eight too many come from, and where
# they have to go, is the subject of [chapter 3](03_broadcast_and_sum.py).

# %% [markdown]
# ## What minigrad and others do
#
# The residual block again, this time in minigrad:

# %%
import minigrad as mg

w, x, v = (mg.tensor(number, requires_grad=True) for number in (0.5, 1.5, 2.0))
y = x + v * mg.tanh(w * x)
y.backward()
print(f"slopes of y by x, w and v: {x.grad.item():.4f}, {w.grad.item():.4f}, {v.grad.item():.4f}")

# %% [markdown]
# - [minigrad/engine.py](../minigrad/engine.py) reads its notes backwards like ours. A note (a
#   *node*) carries a number that counts up at its creation, which takes the place of the position
#   on the tape. The notes hang on the results instead of a global list, so what is no longer needed
#   disappears by itself.
# - Our notes hold local slopes. For `A @ B` with thousand-by-thousand matrices the local slopes
#   would be a matrix with $10^{12}$ entries, nearly all of them zero. So a real note holds a
#   *function* that takes the slope of the output and returns the slopes of the inputs: a
#   vector-Jacobian product.
# - PyTorch does the same in C++. Its `maximum` also splits a tie into halves, and so does
#   minigrad's.
# - micrograd stores a closure in each value and sorts the graph before it goes backward. TensorFlow
#   has a `GradientTape` that is called by its name. JAX traces the function into a linear program
#   first, and then transposes that.

# %% [markdown]
# # Broadcast ↔ sum
#
# [Chapter 2](02_a_tape_in_40_lines.py) ended with an embarrassment. We added a bias of four numbers
# to a batch of three rows, asked our tape for the slopes, and got twelve of them.
#
# The bias was *broadcast*: NumPy stretched its four numbers over three rows without being asked.
# Everybody relies on it: biases, normalisations and masks are all broadcast. So what becomes of a
# slope when the value it belongs to has been stretched? The answer fits into four words, and this
# chapter is about why they are true.

# %%
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.patches import PathPatch
from matplotlib.path import Path

plt.rcParams.update({"axes.spines.top": False, "axes.spines.right": False, "figure.dpi": 120})
BLUE, ORANGE, GREY = "#0072B2", "#D55E00", "#999999"

# %% [markdown]
# ## What NumPy did
#
# Broadcasting lines two shapes up at their right ends. Where sizes differ, a size of 1 is stretched
# to the other size, and an axis that is missing on the left counts as 1.

# %%
batch = np.arange(12.0).reshape(3, 4)
bias = np.array([0.1, 0.2, 0.3, 0.4])
stretched = np.broadcast_to(bias, batch.shape)  # what `batch + bias` really adds
print(stretched)

# %% [markdown]
# Three copies of the bias, one for each row. (NumPy is clever enough to store them once. For the
# arithmetic, and so for us, they are three.)
#
# ## A copy is a branch
#
# Now think of chapter 2. The number `bias[0]` is used three times: in row 0, in row 1 and in row 2.
# That is a value with three arrows leaving it, and we know the rule: *slopes of different paths
# add*. The slope by `bias[0]` is therefore the sum of the three slopes that arrive at its copies,
# that is, of column 0:


# %%
def loss(bias):
    return np.sum(np.tanh(batch / 10 + bias) ** 2)


t = np.tanh(batch / 10 + bias)
arriving = 2 * t * (1 - t**2)  # the slope of the loss by each entry of the stretched bias, shape (3, 4)

h = 1e-5
nudge = np.array([h, 0, 0, 0])
print(f"measured slope by bias[0]:   {(loss(bias + nudge) - loss(bias - nudge)) / (2 * h):.6f}")
print(f"sum over column 0:           {arriving.sum(axis=0)[0]:.6f}")
print(f"mean over column 0:          {arriving.mean(axis=0)[0]:.6f}")
print(f"row 0, column 0:             {arriving[0, 0]:.6f}")

# %% [markdown]
# The last two lines are the mistakes that people really make. Both have the right shape, and
# nothing complains, and a network with such a bias still learns *something*. Only the measurement
# tells them from the truth. If you remember one sentence from this chapter, then: **a gradient of
# the right shape is not yet a right gradient.**

# %% [markdown]
# ## The same thing as a matrix
#
# Copying is a linear map. It has a matrix, with one row for each number that comes out and one
# column for each number that goes in, and a 1 wherever the output is a copy of the input. If
# $y = Bx$, then the slopes travel back through the transpose, $\bar x = B^\top \bar y$, for the
# same reason as in chapter 2: the slope by $x_j$ collects $\bar y_i$ from every $i$ that $x_j$ was
# copied to.


# %%
def matrix_of_broadcast(small, large):
    """The matrix that turns an array of shape `small`, written as a vector, into one of shape `large`."""
    basis = np.eye(int(np.prod(small))).reshape(-1, *small)
    return np.stack([np.broadcast_to(unit, large).ravel() for unit in basis], axis=1)


# %% tags=["hide-input"]
figure, panels = plt.subplots(1, 4, figsize=(9.5, 3.2), width_ratios=[3, 6, 2, 6])
for small, (forward, back) in [((3,), panels[:2]), ((2, 1), panels[2:])]:
    matrix = matrix_of_broadcast(small, (2, 3))
    for panel, picture, title in [(forward, matrix, f"{small} → (2, 3)"), (back, matrix.T, "transposed")]:
        panel.pcolormesh(picture[::-1], cmap="Blues", vmin=0, vmax=1.4, edgecolors="white", linewidth=2)
        panel.set(title=title, aspect="equal", xticks=[], yticks=[])
        for spine in panel.spines.values():
            spine.set_visible(False)
plt.show()

# %% [markdown]
# In the matrix of a broadcast every *row* has a single 1: each output copies one input. In the
# transpose every *column* has a single 1, and every row has as many as there were copies: each
# slope is a sum. Transpose once more and you have the mirror image: a `sum` on the way forward is a
# broadcast on the way back. Hence the four words:
#
# > **Copy forward, add backward.**
#
# And, since it is a mirror: add forward, copy backward.

# %% [markdown]
# ## Which axes?
#
# For arrays of any shape it is enough to look at one axis at a time. An axis that keeps its size is
# left alone (blue). An axis that was stretched from 1, or was missing, fans out on the way forward
# (orange). Read the fans from right to left, and you see the sums.


# %% tags=["hide-input"]
def draw_axis(axes, inputs, outputs):
    """Ribbons from `inputs` entries on the left to `outputs` copies on the right."""
    color = BLUE if inputs == outputs else ORANGE
    left, right = (np.arange(n) - (n - 1) / 2 for n in (inputs, outputs))
    for i, end in enumerate(right):
        start = left[i if inputs > 1 else 0]
        corners = [(0, start + 0.4), (0.5, start + 0.4), (0.5, end + 0.4), (1, end + 0.4), (1, end - 0.4),
                   (0.5, end - 0.4), (0.5, start - 0.4), (0, start - 0.4), (0, start + 0.4)]  # fmt: skip
        codes = [Path.MOVETO, *[Path.CURVE4] * 3, Path.LINETO, *[Path.CURVE4] * 3, Path.CLOSEPOLY]
        axes.add_patch(PathPatch(Path(corners, codes), color=color, alpha=0.35, linewidth=0))
    for x, ends in [(0, left), (1, right)]:
        axes.bar(np.full(len(ends), x), 0.8, width=0.06, bottom=ends - 0.4, color=color)


pairs = [((4,), (3, 4)), ((3, 1), (3, 4)), ((), (3, 4)), ((2, 1, 4), (2, 3, 4))]
figure, grid = plt.subplots(len(pairs), 3, figsize=(8, 7.5))
for row, (small, large) in zip(grid, pairs, strict=True):
    sizes = (None,) * (3 - len(small)) + small
    for panel, axis in zip(row, range(-3, 0), strict=True):
        panel.axis("off")
        if -axis <= len(large):
            draw_axis(panel, sizes[axis] or 1, large[axis])
            was = "missing" if sizes[axis] is None else sizes[axis]
            panel.set_title(f"axis {axis}:   {was} → {large[axis]}", fontsize=10)
            panel.set(xlim=(-0.2, 1.2), ylim=(-2.2, 2.2))
    row[0].text(-0.1, 0.5, f"{small} → {large}", transform=row[0].transAxes, ha="right", va="center")
plt.show()

# %% [markdown] tags=["exercise"]
# ## Exercise: write `unbroadcast`
#
# Write the function that undoes a broadcast. It gets the slopes that arrived at the stretched
# value, and the shape that the value had before it was stretched. It returns the slopes by the
# value itself: an array of exactly that shape.


# %%
def unbroadcast(slopes, shape):
    """Add up `slopes` over all axes along which a value of `shape` was repeated."""
    # BEGIN SOLUTION
    slopes = slopes.sum(axis=tuple(range(slopes.ndim - len(shape))))  # axes that were missing on the left
    return slopes.sum(axis=tuple(i for i, size in enumerate(shape) if size == 1), keepdims=True)
    # END SOLUTION


# %% [markdown]
# The check draws two random shapes that fit together, with up to four axes, some of them missing,
# some of size 1 and some, for the sake of meanness, of size 0. It multiplies two arrays of these
# shapes, so that both may be stretched at once, pushes the product through a `tanh`, and compares
# the slopes with a nudge along a random direction.


# %%
def check_unbroadcast(trials=500, seed=0):
    rng = np.random.default_rng(seed)

    def operand_shape(shape):
        sizes = [size if rng.random() < 0.6 else 1 for size in shape]
        return tuple(sizes[rng.integers(len(sizes) + 1) :])

    for _ in range(trials):
        shape = rng.choice([0, 1, 2, 3, 4], size=rng.integers(5), p=[0.05, 0.15, 0.3, 0.3, 0.2])
        p, q = (rng.normal(size=operand_shape(shape)) for _ in range(2))
        weights = rng.normal(size=np.broadcast_shapes(p.shape, q.shape))

        arriving = weights * (1 - np.tanh(p * q) ** 2)
        p_slopes, q_slopes = unbroadcast(arriving * q, p.shape), unbroadcast(arriving * p, q.shape)
        story = f"{p.shape} * {q.shape} → {weights.shape}"
        assert np.shape(p_slopes) == p.shape, f"{story}: slopes by the first of shape {np.shape(p_slopes)}"
        assert np.shape(q_slopes) == q.shape, f"{story}: slopes by the second of shape {np.shape(q_slopes)}"

        p_nudge, q_nudge = rng.normal(size=p.shape), rng.normal(size=q.shape)
        computed = np.sum(p_slopes * p_nudge) + np.sum(q_slopes * q_nudge)
        up = np.sum(weights * np.tanh((p + h * p_nudge) * (q + h * q_nudge)))
        down = np.sum(weights * np.tanh((p - h * p_nudge) * (q - h * q_nudge)))
        measured = (up - down) / (2 * h)
        assert np.isclose(computed, measured, rtol=1e-5, atol=1e-6), (
            f"{story}: right shapes, wrong slopes: measured {measured:.6f}, yours give {computed:.6f}"
        )
    print(f"passed: {trials} random pairs of shapes")


check_unbroadcast()

# %% [markdown]
# ## One line in the tape
#
# Where does `unbroadcast` belong? We could call it in `+`, in `*`, in `maximum`, and in every
# operation that is still to come, and forget it in one of them. But a stretched value shows: its
# slopes arrive in a shape that is not its own. So it is enough to look at the one place where all
# slopes are delivered. This is the tape of chapter 2, with a `sum`, and with one line changed:

# %%
tape = []


class Value:
    """A number, or an array of them, and the slope of the result by it."""

    def __init__(self, data):
        self.data = np.asarray(data, dtype=float)
        self.grad = np.zeros_like(self.data)

    def __add__(self, other):
        return record(self.data + other.data, (self, 1.0), (other, 1.0))

    def __mul__(self, other):
        return record(self.data * other.data, (self, other.data), (other, self.data))

    def sum(self):
        return record(self.data.sum(), (self, np.ones_like(self.data)))  # add forward, copy backward


def record(data, *edges):
    output = Value(data)
    tape.append((output, edges))
    return output


def backward(result):
    result.grad = np.ones_like(result.data)
    for output, edges in reversed(tape):
        for value, slope in edges:
            value.grad += unbroadcast(output.grad * slope, value.data.shape)  # <- this one


# %% [markdown]
# ## Why a batch gives a sum
#
# Let us use it. Fifty noisy points lie along a line $y = wx + b$; we look for the two numbers $w$
# and $b$ by walking downhill on the mean squared error.

# %%
rng = np.random.default_rng(0)
x = rng.uniform(-1, 1, size=50)
y = 1.5 * x - 0.5 + rng.normal(scale=0.2, size=50)

w, b = 0.0, 0.0
lines, losses = [], []
for _ in range(60):
    tape.clear()
    weight, bias = Value(w), Value(b)
    error = weight * Value(x) + bias + Value(-y)
    loss = (error * error).sum() * Value(1 / 50)
    backward(loss)
    lines.append((w, b))
    losses.append(loss.data)
    w, b = w - 0.2 * weight.grad, b - 0.2 * bias.grad

# %% tags=["hide-input"]
figure, (left, right) = plt.subplots(1, 2, figsize=(9.5, 3.6), layout="constrained")
left.plot(x, y, ".", color=GREY)
for step in [0, 2, 5, 10, 59]:
    slope, offset = lines[step]
    left.axline((0, offset), slope=slope, color=BLUE, alpha=0.2 + 0.8 * step / 59)
left.set(xlabel="x", ylabel="y", title=f"after 60 steps: w = {w:.2f}, b = {b:.2f}")
right.semilogy(losses, color=ORANGE)
right.set(xlabel="step", ylabel="mean squared error")
plt.show()

# %% [markdown]
# `weight` and `bias` are single numbers, shape `()`, and both were stretched over fifty points. So
# both of their slopes were made by a sum over fifty. In every textbook the gradient of a loss over
# a batch is a *sum over the examples*,
#
# $$\bar w = \sum_i \bar y_i\, x_i, \qquad \bar b = \sum_i \bar y_i,$$
#
# where $\bar y_i$ is the slope by the prediction $w x_i + b$. Now you see where this sum comes
# from. All examples share the same parameters. Sharing is copying, and copying forward is adding
# backward. The same holds for a convolution, which shares its few weights among all pixels of an
# image, and for a recurrent network, which shares them among all steps in time.

# %% [markdown]
# ## What minigrad and others do

# %%
import minigrad as mg

batch = mg.tensor(rng.normal(size=(3, 4)), requires_grad=True)
bias = mg.tensor(rng.normal(size=4), requires_grad=True)
scale = mg.tensor(rng.normal(size=(3, 1)), requires_grad=True)
mg.tanh(scale * batch + bias).sum().backward()
for name, tensor in {"batch": batch, "bias": bias, "scale": scale}.items():
    print(f"{name:6} {tensor.shape!s:7} slopes {tensor.grad.shape}")

mg.autograd.gradcheck(lambda *inputs: mg.tanh(inputs[0] * inputs[1] + inputs[2]), (scale, batch, bias))

# %% [markdown]
# - Your function has a twin of the same name in [minigrad/accumulation.py](../minigrad/accumulation.py),
#   and it is called in the same place: where a slope is delivered to the node it belongs to. No
#   operation in minigrad knows about broadcasting.
# - PyTorch has `sum_to_size`, and its engine, too, reduces a gradient to the shape of its input
#   where it is delivered (`validate_outputs` in its `engine.cpp`).
# - HIPS autograd wraps `unbroadcast` around the rules of its operations. In micrograd the question
#   does not arise: it has scalars only.
# - JAX makes broadcasting an operation of its own, `broadcast_in_dim`, whose transpose is a sum. It
#   is the matrix picture of this chapter, taken literally.
#
# You have now seen all the ideas of the engine: slopes multiply along a path and add up across
# paths, notes are read backwards, and copies turn into sums. The rest of minigrad is more of the
# same, and faster.

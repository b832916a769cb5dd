# %% [markdown]
# # One slope
#
# Training a network means asking one question over and over: *if I nudge this number a little, how
# much does the result change?* The answer is a slope. Even a small residual network asks it for
# 270,000 numbers at once, many times a minute, and a framework answers with an algorithm called
# backpropagation, which you will build in the next chapter.
#
# But first: how would you know that an answer is right? A wrong gradient does not crash. The loss
# still goes down, only more slowly, and the mistake stays in the code for years. So before we
# compute slopes cleverly, we learn to *measure* one, without any cleverness at all. Even this holds
# a surprise.

# %%
import matplotlib.pyplot as plt
import numpy as np

plt.rcParams.update({"axes.spines.top": False, "axes.spines.right": False, "figure.dpi": 120})
BLUE, ORANGE, GREEN = "#0072B2", "#D55E00", "#009E73"

# %% [markdown]
# ## Nudge it and see
#
# School defines the slope of $f$ at $x$ as a limit,
#
# $$f'(x) = \lim_{h \to 0} \frac{f(x + h) - f(x)}{h}.$$
#
# A computer cannot take a limit, but it can take a small $h$ and stop there. This is called the
# *forward difference*.


# %%
def forward_difference(f, x, h):
    return (f(x + h) - f(x)) / h


x = 1.0
true_slope = np.cos(x)  # we measure the slope of the sine, because we know what should come out

# %% [markdown]
# **Predict before you run.** Which step gives the most exact slope of the sine at $x = 1$:
# $10^{-2}$, $10^{-8}$ or $10^{-14}$?

# %%
for h in [1e-2, 1e-4, 1e-6, 1e-8, 1e-10, 1e-12, 1e-14, 1e-16]:
    slope = forward_difference(np.sin, x, h)
    print(f"h = {h:.0e}   slope = {slope:.16f}   error = {abs(slope - true_slope):.1e}")

# %% [markdown]
# Down to $10^{-8}$, a step that is a hundred times smaller makes the error a hundred times smaller,
# just as the limit promises. Then the error turns around. At $10^{-14}$ only two digits are right,
# and at $10^{-16}$ the slope of the sine is, apparently, exactly zero.
#
# The last line is the easiest one to explain. The numbers that `float64` has just above 1 lie
# $2.2 \cdot 10^{-16}$ apart. `1.0 + 1e-16` falls between two of them and is rounded back to `1.0`:
# we never moved.

# %%
print("next number after 1:", 1.0 + np.spacing(1.0))
print("1.0 + 1e-16 == 1.0: ", 1.0 + 1e-16 == 1.0)

# %% [markdown]
# ## Two errors that pull in opposite directions
#
# To explain the rest we look at many steps at once. Both axes are logarithmic, so that a power of
# $h$ is a straight line.

# %%
u = 2.0**-53  # the largest relative error of rounding a number to float64
steps = np.logspace(-16, 0, 400)
errors = [abs(forward_difference(np.sin, x, h) - true_slope) for h in steps]

# %% tags=["hide-input"]
figure, axes = plt.subplots(figsize=(7, 4.2))
axes.loglog(steps, errors, ".", color=BLUE, markersize=3)
axes.loglog(steps, steps / 2 * np.sin(x), color=ORANGE)
axes.loglog(steps, 2 * u * np.sin(x) / steps, color=GREEN)
axes.text(2e-4, 2e-6, r"truncation  $\frac{h}{2}\,|f''|$", color=ORANGE, fontsize=12)
axes.text(1e-12, 2e-3, r"rounding  $2u\,|f|\,/\,h$", color=GREEN, fontsize=12)
axes.set(xlabel="step h", ylabel="error of the slope", ylim=(1e-11, 3), title="Neither big nor small is best")
plt.show()

# %% [markdown]
# A large V, and each arm is an error of its own.
#
# **Truncation**, the right arm, is the price for stopping before the limit. Taylor's series tells
# how high it is:
#
# $$\frac{f(x+h) - f(x)}{h} = f'(x) + \frac{h}{2} f''(x) + \dots$$
#
# It belongs to the formula: perfect arithmetic would have it too. It shrinks with $h$.
#
# **Rounding**, the left arm, is the price for arithmetic that is not perfect. A `float64` keeps 53
# binary digits, so each value of $f$ may be wrong by $u\,|f|$, with
# $u = 2^{-53} \approx 1.1 \cdot 10^{-16}$. Usually nobody notices. Here we subtract two values that
# are nearly equal: the leading digits cancel, the wrong last digits stay, and then we divide by a
# tiny number, which makes them large. Two wrong values can spoil the slope by $2u\,|f|/h$, and this
# *grows* as $h$ shrinks.
#
# Add the two errors and look for the bottom of the V:
#
# $$E(h) = \frac{h}{2}|f''| + \frac{2u\,|f|}{h}, \qquad E'(h^*) = 0 \;\Rightarrow\;
# h^* = 2\sqrt{u\,|f|/|f''|}, \qquad E(h^*) = 2\sqrt{u\,|f|\,|f''|}.$$
#
# Where value and curvature are about 1, this is $h^* \approx 2\sqrt u \approx 2 \cdot 10^{-8}$,
# with an error of the same size. **Half of the 16 digits are lost**, whatever step we choose.

# %% [markdown]
# ## Step to both sides
#
# We can make the right arm steeper. Nudge $x$ up *and* down:
#
# $$\frac{f(x+h) - f(x-h)}{2h} = f'(x) + \frac{h^2}{6} f'''(x) + \dots$$
#
# The curvature $f''$ bends the function the same way on both sides, so it cancels. What is left
# shrinks with the *square* of $h$. We can afford a larger step, and a larger step makes the
# rounding error smaller.


# %%
def central_difference(f, x, h):
    return (f(x + h) - f(x - h)) / (2 * h)


for h in [1e-3, 1e-4, 1e-5]:
    forward = abs(forward_difference(np.sin, x, h) - true_slope)
    central = abs(central_difference(np.sin, x, h) - true_slope)
    print(f"h = {h:.0e}   error forward: {forward:.1e}   central: {central:.1e}")

# %% [markdown] tags=["exercise"]
# ## Exercise: the bottom of the V
#
# Which step is best for the *central* difference? Its error is at most
#
# $$E(h) = \frac{h^2}{6}|f'''| + \frac{u\,|f|}{h}$$
#
# (two wrong values again, but divided by $2h$). Find the $h$ that makes $E$ smallest, for any $u$,
# $|f|$ and $|f'''|$, and let the function return it.


# %%
def best_step(u, value, third):
    """The h that minimises h**2 / 6 * third + u * value / h."""
    # BEGIN SOLUTION
    # E'(h) = h * third / 3 - u * value / h**2 = 0
    return (3 * u * value / third) ** (1 / 3)
    # END SOLUTION


# %% [markdown]
# The check does not compare your formula with ours. It tests what the formula is *for*:
#
# 1. No other step has a smaller bound, whatever $u$, $|f|$ and $|f'''|$ are.
# 2. For waves $a \sin(bx + c)$ drawn at random, in `float32` and in `float64`, the error that your
#    step really makes stays within the bound.


# %%
def check_best_step(trials=300, seed=0):
    rng = np.random.default_rng(seed)

    def bound(h, u, value, third):
        return h**2 / 6 * third + u * value / h

    for _ in range(trials):
        u, value, third = 10.0 ** rng.uniform([-17, -4, -4], [-3, 4, 4])
        h = best_step(u, value, third)
        other = h * 10 ** rng.uniform(-2, 2, size=1000)
        assert bound(h, u, value, third) <= bound(other, u, value, third).min(), (
            f"for u={u:.0e}, |f|={value:.0e}, |f'''|={third:.0e} there is a better step than {h:.2e}"
        )

    for dtype, u in [(np.float32, 2.0**-24), (np.float64, 2.0**-53)]:
        for _ in range(trials):
            a, b, c, x = rng.uniform([0.5, 0.5, -3, -2], [2, 2, 3, 2]).astype(dtype)
            # The sine's argument is rounded as well, and its rounding error weighs as much as the argument.
            value, third = a * (2 + 2 * (b * abs(x) + abs(c))), a * b**3
            h = dtype(best_step(u, value, third))
            slope = central_difference(lambda x, a=a, b=b, c=c: a * np.sin(b * x + c), x, h)
            error = abs(slope - np.float64(a) * b * np.cos(np.float64(b) * x + c))
            assert error <= bound(h, u, value, third), (
                f"in {dtype.__name__}, h={h:.1e} misses the slope of {a:.2f} sin({b:.2f}x + {c:.2f}) "
                f"at {x:.2f} by {error:.0e}, which is more than the bound"
            )
    print(f"passed: {trials} random bounds, {2 * trials} random slopes")


check_best_step()

# %% [markdown]
# Now the whole picture: both formulas in both precisions. The dotted lines are the steps that the
# theory calls best.

# %% tags=["hide-input"]
figure, panels = plt.subplots(1, 2, figsize=(9.5, 4), sharey=True)
for panel, dtype, u in [(panels[0], np.float32, 2.0**-24), (panels[1], np.float64, 2.0**-53)]:
    steps = np.logspace(np.log10(u), 0, 300).astype(dtype)
    for rule, name, color, side, h in [
        (forward_difference, "forward", BLUE, "right", 2 * np.sqrt(u)),
        (central_difference, "central", ORANGE, "left", best_step(u, np.sin(1), np.cos(1))),
    ]:
        error = [abs(np.float64(rule(np.sin, dtype(1), step)) - np.cos(1)) for step in steps]
        panel.loglog(steps, error, ".", color=color, markersize=3)
        panel.axvline(h, ymax=0.9, color=color, linestyle=":")
        panel.text(h, 3, f" {name} \n $h^*$ = {h:.0e} ", color=color, ha=side, va="bottom", fontsize=9)
    panel.set(xlabel="step h", ylim=(1e-13, 30), yticks=10.0 ** np.arange(-12, 1, 3))
    panel.set_title(f"{dtype.__name__}, u = {u:.0e}", y=1.06)
    panel.minorticks_off()
panels[0].set(ylabel="error of the slope", xticks=10.0 ** np.arange(-7, 1, 2))
panels[1].set(xticks=10.0 ** np.arange(-16, 1, 4))
plt.show()

# %% [markdown]
# The left panel explains a habit of every framework. Networks are trained in `float32`. There, the
# best forward difference has three correct digits and the best central difference has five: too few
# to tell a gradient that is slightly wrong from one that is badly measured. So gradients are
# *checked* in `float64`, and the code that has passed the check is then run in `float32`.

# %% [markdown]
# ## A step sideways
#
# The left arm comes from a subtraction. Can we find a slope without one? Leave the real line and
# step into the complex numbers:
#
# $$f(x + ih) = f(x) + ih f'(x) - \frac{h^2}{2} f''(x) - \dots \qquad\Rightarrow\qquad
# \frac{\operatorname{Im} f(x + ih)}{h} = f'(x) - \frac{h^2}{6} f'''(x) + \dots$$
#
# The value is in the real part, the slope is in the imaginary part, and the two never meet. Nothing
# cancels, so the step can be as small as we like.


# %%
def complex_step(f, x, h):
    return f(x + 1j * h).imag / h


# %% tags=["hide-input"]
steps = np.logspace(-60, 0, 241)
figure, axes = plt.subplots(figsize=(7, 4))
for rule, name, color in [
    (complex_step, "complex", GREEN),
    (central_difference, "central", ORANGE),
    (forward_difference, "forward", BLUE),
]:
    error = [abs(rule(np.sin, x, h) - true_slope) for h in steps]
    # A logarithmic axis has no room for an error of exactly zero: it is drawn at 1e-17.
    axes.loglog(steps, np.maximum(error, 1e-17), ".", color=color, markersize=4, label=name)
axes.set(xlabel="step h", ylabel="error of the slope")
axes.set(xticks=10.0 ** np.arange(-60, 1, 10), yticks=10.0 ** np.arange(-16, 1, 4))
axes.legend(frameon=False, loc="center left", markerscale=2)
axes.minorticks_off()
plt.show()

# %% [markdown]
# All sixteen digits, for any step below $10^{-8}$. (Below $10^{-16}$ the other two do not move at
# all: their slope is zero and the error is the slope itself.) Why does anyone use something else?
# Because the complex step needs a function that accepts complex numbers and is *analytic*, and
# networks contain pieces that are not:

# %%
print("slope of |x| at 1:", complex_step(np.abs, 1.0, 1e-20))

# %% [markdown]
# The absolute value of $1 + ih$ is a real number. The imaginary part is gone, and the slope is
# reported as zero, without a warning. The complex step is perfect where it works and silently wrong
# where it does not. For a referee we prefer the modest central difference: never perfect, but the
# same for every function.

# %% [markdown]
# ## From one slope to 270,000
#
# A function of $n$ numbers has $n$ slopes, its *gradient*. Measured one by one they take $2n$
# evaluations. For a network with 270,000 parameters and a hundredth of a second per evaluation,
# that is an hour and a half for a single gradient. Nobody trains like this.
#
# For *checking*, two evaluations are enough. Draw a random direction $v$ and nudge all the numbers
# at once, along $v$. This is again one slope, and the gradient must predict it:
#
# $$\frac{f(x + hv) - f(x - hv)}{2h} \approx \langle \nabla f(x), v \rangle.$$
#
# Can a wrong gradient slip through? If it is off by a vector $\delta$, the two sides differ by
# $\langle \delta, v \rangle$. For a direction of standard normal numbers this is a normal number
# with standard deviation $\lVert\delta\rVert$: it is zero with probability zero, and below
# $0.01\,\lVert\delta\rVert$ in less than one case out of a hundred.

# %%
rng = np.random.default_rng(0)
point, direction = rng.normal(size=(2, 10_000))


def f(x):
    return np.sum(np.sin(x) * np.roll(x, 1))


right = np.cos(point) * np.roll(point, 1) + np.roll(np.sin(point), -1)
wrong = right.copy()
wrong[1234] *= -1  # one sign among ten thousand numbers

slope = central_difference(lambda t: f(point + t * direction), 0.0, 1e-5)
print(f"measured along v:             {slope:.6f}")
print(f"said by the right gradient:   {right @ direction:.6f}")
print(f"said by the wrong gradient:   {wrong @ direction:.6f}")

# %% [markdown]
# One wrong sign among ten thousand numbers, caught by evaluating the function twice.

# %% [markdown]
# ## What minigrad and others do
#
# You have just met the idea behind `minigrad.autograd.gradcheck`: `float64`, central differences,
# random directions. Every operation in the library has to pass it, and so does every operation's
# own derivative (`gradgradcheck`).

# %%
import minigrad as mg

a = mg.tensor(rng.normal(size=(3, 4)), requires_grad=True)
b = mg.tensor(rng.normal(size=(4, 2)), requires_grad=True)
mg.autograd.gradcheck(lambda a, b: mg.tanh(a @ b), (a, b))

# %% [markdown]
# - The real thing: [minigrad/gradcheck.py](../minigrad/gradcheck.py).
# - PyTorch's `torch.autograd.gradcheck` wants `float64` too and takes central differences with
#   $h = 10^{-6}$. It measures every slope, unless `fast_mode=True` asks for a random direction.
# - HIPS autograd and JAX (`check_grads`) compare along random directions.
# - SciPy's `approx_derivative` offers our three formulas as `"2-point"`, `"3-point"` and `"cs"`,
#   with relative steps $\varepsilon^{1/2}$ and $\varepsilon^{1/3}$ for the first two, where
#   $\varepsilon = 2u$. You know now where these exponents come from.
#
# We have a referee. In the next chapter, [a tape in 40 lines](02_a_tape_in_40_lines.py), we compute
# all the slopes at once, for about the price of a few evaluations.

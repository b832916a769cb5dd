"""Hypothesis strategies for an array together with dimensions of it."""

from hypothesis import strategies as st

from tests.strategies import arrays, shapes


@st.composite
def with_dim(draw, min_dims=1, **options):
    """An array and one of its dimensions, perhaps counted from the end."""
    shape_options = {
        name: options.pop(name) for name in ("min_side", "max_side", "max_dims") if name in options
    }
    x = draw(arrays(shape=shapes(min_dims=min_dims, **shape_options), **options))
    return x, draw(st.integers(-max(x.ndim, 1), max(x.ndim, 1) - 1))


@st.composite
def with_dims(draw, **options):
    """An array and what a reduction may take as `dim`: None, an integer, or several."""
    x, dim = draw(with_dim(min_dims=0, **options))
    if x.ndim == 0:
        return x, draw(st.sampled_from([None, 0, -1]))
    some = st.lists(st.integers(0, x.ndim - 1), min_size=1, unique=True)
    signed = some.map(lambda dims: tuple(d - x.ndim if d % 2 else d for d in dims))
    return x, draw(st.one_of(st.none(), st.just(dim), signed))

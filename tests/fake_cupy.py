"""A strict stand-in for CuPy on machines without a GPU.

It wraps NumPy arrays in a type that refuses everything CuPy refuses, and a little more: mixing with NumPy
arrays, implicit conversion to NumPy, and NumPy functions called on it. A `np.` written where the array's own
module was meant fails on it at once.
"""

import operator
import sys
import types

import numpy as np

from tests import cuda_on_cpu


def _inner(value):
    """NumPy's view of an argument; NumPy arrays themselves are refused, as CuPy does."""
    if isinstance(value, ndarray):
        return value._array
    if isinstance(value, np.ndarray):
        raise TypeError(f"Unsupported type {type(value)}")
    if isinstance(value, (list, tuple)):
        return type(value)(_inner(v) for v in value) if not hasattr(value, "_fields") else value
    if isinstance(value, dict):
        return {key: _inner(v) for key, v in value.items()}
    return value


def _outer(value):
    if isinstance(value, (np.ndarray, np.generic)):
        return ndarray(np.asarray(value))
    if isinstance(value, (list, tuple)):
        kind = type(value) if type(value) in (list, tuple) else tuple
        return kind(_outer(v) for v in value)
    return value


def _wrapped(function):
    @np.errstate(all="ignore")  # CuPy never warns
    def call(*args, **kwargs):
        if isinstance(kwargs.get("out"), ndarray):
            out = kwargs.pop("out")
            function(*_inner(args), out=out._array, **_inner(kwargs))
            return out
        return _outer(function(*_inner(args), **_inner(kwargs)))

    call.__name__ = getattr(function, "__name__", "function")
    return call


class _Ufunc:
    def __init__(self, ufunc):
        self._ufunc = ufunc
        self._call = _wrapped(ufunc)
        self.__name__ = ufunc.__name__

    def __call__(self, *args, **kwargs):
        if "where" in kwargs:
            raise TypeError("Wrong arguments {'where'}")
        args = list(args)
        if len(args) > self._ufunc.nin:
            kwargs["out"] = args.pop()
        return self._call(*args, **kwargs)

    def at(self, array, indices, *values):
        self._ufunc.at(array._array, _inner(indices), *_inner(values))

    def reduce(self, *args, **kwargs):
        return _wrapped(self._ufunc.reduce)(*args, **kwargs)


class ndarray:
    """The look-alike of cupy.ndarray."""

    __slots__ = ("__weakref__", "_array")
    __hash__ = None
    __module__ = "cupy"  # by which minigrad recognises GPU arrays

    def __init__(self, array):
        assert isinstance(array, np.ndarray)
        self._array = array

    def __array__(self, *args, **kwargs):
        raise TypeError(
            "Implicit conversion to a NumPy array is not allowed. "
            "Please use `.get()` to construct a NumPy array explicitly."
        )

    def __array_ufunc__(self, *args, **kwargs):
        raise TypeError("Unsupported type <class 'numpy.ndarray'>")

    def __array_function__(self, function, *args, **kwargs):
        raise TypeError(f"numpy.{function.__name__} was called on a cupy array")

    shape = property(lambda self: self._array.shape, lambda self, value: setattr(self._array, "shape", value))
    ndim = property(lambda self: self._array.ndim)
    size = property(lambda self: self._array.size)
    dtype = property(lambda self: self._array.dtype)
    strides = property(lambda self: self._array.strides)
    itemsize = property(lambda self: self._array.itemsize)
    nbytes = property(lambda self: self._array.nbytes)
    flags = property(lambda self: self._array.flags)
    base = property(lambda self: self._array.base)
    T = property(lambda self: ndarray(self._array.T))
    device = property(lambda self: _Device())
    data = property(lambda self: types.SimpleNamespace(ptr=self._array.ctypes.data))

    def get(self):
        return self._array.copy()

    def item(self, *args):
        return self._array.item(*args)

    def tolist(self):
        return self._array.tolist()

    def __len__(self):
        return len(self._array)

    def __iter__(self):
        return (self[i] for i in range(len(self)))

    def __bool__(self):
        return bool(self._array)

    def __float__(self):
        return float(self._array)

    def __int__(self):
        return int(self._array)

    def __index__(self):
        return operator.index(self._array)

    def __repr__(self):
        return repr(self._array)

    def __getitem__(self, index):
        try:
            return _outer(self._array[_inner(index)])
        except IndexError as error:
            if "could not be broadcast" in str(error):  # CuPy's own kind of error
                raise ValueError(f"operands {error}") from None
            raise

    def __setitem__(self, index, value):
        self._array[_inner(index)] = _inner(value)

    def __dlpack__(self, **kwargs):
        return self._array.__dlpack__()

    def __dlpack_device__(self):
        return self._array.__dlpack_device__()


_METHODS = """
    all any argmax argmin argsort astype clip copy cumprod cumsum diagonal dot fill flatten max mean min
    nonzero prod ravel repeat reshape round sort squeeze std sum swapaxes take trace transpose var view
""".split()


def _method(name):
    def call(self, *args, **kwargs):
        return _wrapped(getattr(self._array, name))(*args, **kwargs)

    call.__name__ = name
    return call


for _name in _METHODS:
    setattr(ndarray, _name, _method(_name))

_OPERATORS = """add sub mul truediv floordiv mod pow matmul and or xor lshift rshift
lt le gt ge eq ne""".split()


def _binary(name, reflected=False):
    function = getattr(operator, {"and": "and_", "or": "or_"}.get(name, name))

    @np.errstate(all="ignore")
    def call(self, other):
        if not isinstance(other, (ndarray, np.ndarray, np.generic, bool, int, float)):
            return NotImplemented
        left, right = (_inner(other), self._array) if reflected else (self._array, _inner(other))
        return _outer(function(left, right))

    return call


def _inplace(name):
    function = getattr(operator, "i" + name)

    @np.errstate(all="ignore")
    def call(self, other):
        function(self._array, _inner(other))
        return self

    return call


def _unary(name):
    function = getattr(operator, name)
    return lambda self: _outer(function(self._array))


for _name in _OPERATORS:
    setattr(ndarray, f"__{_name}__", _binary(_name))
    if _name not in ("lt", "le", "gt", "ge", "eq", "ne"):
        setattr(ndarray, f"__r{_name}__", _binary(_name, reflected=True))
        setattr(ndarray, f"__i{_name}__", _inplace(_name))
for _name in ("neg", "pos", "abs", "invert"):
    setattr(ndarray, f"__{_name}__", _unary(_name))


class _Device:
    def __init__(self, index=0):
        self.id = index

    def __enter__(self):
        return self

    def __exit__(self, *args):
        pass

    def synchronize(self):
        pass


class _Cublas:
    CUBLAS_DEFAULT_MATH = 0

    def __init__(self):
        self.math_mode = self.CUBLAS_DEFAULT_MATH

    def setMathMode(self, handle, mode):
        assert handle == 1
        self.math_mode = mode


class _Core:
    _routines_linalg = types.SimpleNamespace(COMPUTE_TYPE_DEFAULT=1, COMPUTE_TYPE_TF32=7)

    def __init__(self):
        self.compute_type = {}

    def set_compute_type(self, dtype, kind):
        assert kind in (1, 7)
        self.compute_type[dtype] = kind


class _Submodule(types.ModuleType):
    def __init__(self, name, source):
        super().__init__(name)
        self._source = source

    def __getattr__(self, name):
        return _wrapped(getattr(self._source, name))


_ABSENT = {
    "errstate",
    "seterr",
    "vectorize",
    "frompyfunc",
    "nditer",
    "random",
    "lib",
    "memmap",
    "load",
    "save",
    "frombuffer",
    "ndindex",
}


class FakeCupy(types.ModuleType):
    """The module: every NumPy function, on arrays of the type above only."""

    ndarray = ndarray
    float16, float32, float64 = np.float16, np.float32, np.float64
    int8, int16, int32, int64, uint8, bool_ = np.int8, np.int16, np.int32, np.int64, np.uint8, np.bool_
    pi, inf, nan, e, newaxis = np.pi, np.inf, np.nan, np.e, None
    dtype = np.dtype
    RawKernel = cuda_on_cpu.RawKernel

    def __init__(self):
        super().__init__("cupy")
        self.__version__ = "fake"
        self.cuda = types.SimpleNamespace(
            is_available=lambda: True,
            runtime=types.SimpleNamespace(
                getDeviceCount=lambda: 1,
                getDeviceProperties=lambda index: {"name": b"a fake", "totalGlobalMem": 0},
            ),
            Device=_Device,
            get_current_stream=lambda: types.SimpleNamespace(ptr=0),
            get_cublas_handle=lambda: 1,
            cublas=_Cublas(),
        )
        self._core = _Core()
        self.lib = types.SimpleNamespace(
            stride_tricks=_Submodule("cupy.lib.stride_tricks", np.lib.stride_tricks)
        )
        self.linalg = _Submodule("cupy.linalg", np.linalg)

    @staticmethod
    def asnumpy(array):
        return array.get() if isinstance(array, ndarray) else np.asarray(array)

    @staticmethod
    def array(value, dtype=None, copy=True):
        value = value.copy() if isinstance(value, np.ndarray) else _inner(value)
        return ndarray(np.array(value, dtype=dtype, copy=True if copy else None))

    @staticmethod
    def asarray(value, dtype=None):
        if isinstance(value, ndarray) and dtype in (None, value.dtype):
            return value
        return FakeCupy.array(value, dtype)

    @staticmethod
    def get_array_module(*arrays):
        return sys.modules["cupy"] if any(isinstance(a, ndarray) for a in arrays) else np

    def __getattr__(self, name):
        if name in _ABSENT or name.startswith("_"):
            raise AttributeError(f"module 'cupy' has no attribute {name!r}")
        value = getattr(np, name)
        if isinstance(value, np.ufunc):
            value = _Ufunc(value)
        elif isinstance(value, type):
            pass
        elif callable(value):
            value = _wrapped(value)
        setattr(self, name, value)
        return value


def install():
    """Make `import cupy` find the fake."""
    sys.modules["cupy"] = FakeCupy()

"""CUDA kernels of our own, and how they are launched."""

from minigrad.backend.cuda.kernels import FOLDER as FOLDER
from minigrad.backend.cuda.kernels import launch as launch
from minigrad.backend.cuda.kernels import launch_elementwise as launch_elementwise
from minigrad.backend.cuda.kernels import runs_kernels as runs_kernels
from minigrad.backend.cuda.kernels import source as source
from minigrad.backend.cuda.multi_tensor import TensorTable as TensorTable
from minigrad.backend.cuda.multi_tensor import chunk_count as chunk_count

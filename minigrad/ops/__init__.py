"""Differentiable operations, one family a file. Each works on raw arrays (giving arrays) and on Tensors."""

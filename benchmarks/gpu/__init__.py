"""minigrad on CuPy against PyTorch on the same GPU: first whether both compute the same, then how long."""

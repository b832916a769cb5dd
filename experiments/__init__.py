"""Experiments on minigrad: the training command, comparisons of optimizers, reports."""

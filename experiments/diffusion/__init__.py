"""Denoising diffusion: images out of noise, from the forward process to a command that trains and paints."""

"""Layers of concatenated critics, and Adam, on compiled kernels where these can run; `kernels` imports numba."""

"""Kernels of the compiled path. Importing any of them imports numba."""

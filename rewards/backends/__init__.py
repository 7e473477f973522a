"""One module for each way to compute a reward's graph: NumPy, torch and Numba."""

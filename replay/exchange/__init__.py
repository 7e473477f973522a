"""Datasets of other libraries, in and out: Minari, LeRobotDataset, D4RL-style HDF5, Stable-Baselines3 buffers.

Everything travels as a `recording.Recording`: a schema and episodes, one after the other. Readers make one, writers
take one, and `memory` turns one into a replay and back.
"""

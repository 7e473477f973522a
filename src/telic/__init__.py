"""Telic: say what the robot should do."""

__version__ = "0.1.0"

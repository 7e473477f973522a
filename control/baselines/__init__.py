"""Learners of other libraries on Telic's worlds, and their policies in Telic's tools."""

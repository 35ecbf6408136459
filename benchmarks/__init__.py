"""Measurements of the whole program, as separate processes, beside a baseline in the same run."""

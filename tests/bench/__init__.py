"""The gateway measured from outside, beside the least that a Python gateway could do: `python -m tests.bench`."""

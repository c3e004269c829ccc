"""Real exchanges with vendors, recorded elsewhere, replayed to a real gateway: does it tell what the vendor said?

`RECORDINGS` names the folder that holds `cases.jsonl`. Nothing of it is part of this project.
"""

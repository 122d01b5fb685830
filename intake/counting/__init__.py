"""From facts to numbers, one module a part of the report. Pure: no database, no clock, no layout.

`intake/statistics.py` is the way in.
"""

"""The marts: what analysts, finance and front of house ask each week, made from stored frames.

One module makes one mart; `all_marts` makes them all of one reading. Amounts are whole pence on the
way and decimals at the end.
"""

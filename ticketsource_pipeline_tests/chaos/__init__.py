"""Campaigns of many generated cases: faults of every kind, and kills at any moment."""

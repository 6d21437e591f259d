"""Tests of ticketsource_pipeline, through its public doors."""

"""Tests of the benchmark itself: a figure is worth what its load is."""

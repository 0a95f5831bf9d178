"""The slices: one folder per thing people talk about."""

"""HTTP vocabulary the slices share; knows Litestar, knows no slice."""

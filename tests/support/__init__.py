"""Tools for tests: builders, clients, servers, clocks."""

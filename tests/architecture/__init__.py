"""The rules of the house, checked against the code, each with a planted violation."""

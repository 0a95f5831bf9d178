"""Hostile input for the room engine, written apart from the guard it attacks."""

"""Storage plumbing; knows SQLAlchemy, knows no slice."""

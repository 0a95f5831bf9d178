"""Backups in one portable form: written from either database, restored into either."""

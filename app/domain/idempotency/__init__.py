"""Calls with an Idempotency-Key: made again, they give the first answer again."""

"""What happens to requests before any slice sees them.

Who is calling (`authentication`), how often (`counter`), whether the answer is known without
anybody (`fast_lane`), and whether the same call was answered before (`idempotent`).
"""

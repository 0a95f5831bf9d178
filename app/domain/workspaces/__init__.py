"""Tenants, their members with roles, and invitations."""

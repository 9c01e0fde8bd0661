"""Policies: what an organisation accepts, and what happens then."""

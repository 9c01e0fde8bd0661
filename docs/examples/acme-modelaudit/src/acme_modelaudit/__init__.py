"""Plug-ins for modelaudit: a parser of ACME nets, and reports as CSV."""

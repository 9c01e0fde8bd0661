"""Names of servers that patterns of policies and sources both know. It is data, and stands below everything."""

from __future__ import annotations

AZURE = ".core.windows.net"
BLOB, DFS = f".blob{AZURE}", f".dfs{AZURE}"  # two servers of one account of Azure Storage

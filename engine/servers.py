"""Names of servers that patterns of policies and sources both know. It is data, and stands below everything."""

from __future__ import annotations

AZURE = ".core.windows.net"
BLOB, DFS = f".blob{AZURE}", f".dfs{AZURE}"  # two servers of one account of Azure Storage
HUGGING_FACE = "huggingface.co"
HUGGING_FACE_TOO = frozenset({"hf.co", "www.huggingface.co"})  # its other names
DOCKER = "docker.io"
DOCKER_TOO = frozenset({"index.docker.io", "registry.hub.docker.com"})
DOCKER_REGISTRY = "registry-1.docker.io"  # where it is

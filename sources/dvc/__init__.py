"""What DVC tracks: outputs that a pointer names, in the workspace, in the cache of the repository, or in a remote.

Layout: https://dvc.org/doc/user-guide/project-structure. Whoever wrote the pointers and `.dvc/config` is not trusted:
paths stay within the repository, no other file of settings is read, and no credential is taken from this one.
"""

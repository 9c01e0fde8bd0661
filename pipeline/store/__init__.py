"""Facts that were read before, kept by the digest of the bytes that they were read from."""

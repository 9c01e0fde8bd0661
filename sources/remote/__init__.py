"""Files on other machines: listed by a service, read by ranges, never downloaded as a whole when that is not needed."""

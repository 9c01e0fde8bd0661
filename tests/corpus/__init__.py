"""A corpus of ordinary model files, made by the libraries that people use, and what modelaudit says of them."""

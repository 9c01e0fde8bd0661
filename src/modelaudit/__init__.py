"""modelaudit reads machine-learning model files without loading them and says what they would do."""

__version__ = "1.0.0"

__all__ = ["__version__"]

"""The environment that the template gives a function, read once."""

from pydantic_settings import BaseSettings


class FunctionSettings(BaseSettings):
    """What every function is given; each adds its own.

    Without defaults: the template sets all of them, and one that is missing is an error that names it.
    """

    table_name: str
    function_seconds: float
    """After which Lambda stops an invocation."""

"""Prints the API's OpenAPI document: `python -m divescore.api.openapi > docs/openapi.json`."""

import json
import re
import sys
from typing import Any

from aws_lambda_powertools.event_handler.openapi.models import HTTPBearer
from pydantic.alias_generators import to_camel

from divescore import __version__
from divescore.api import routes


def document() -> dict[str, Any]:
    """The OpenAPI document of every route, from the same models that the routes use."""
    text = routes.app.get_openapi_json_schema(
        title="Divescore",
        version=__version__,
        description="Upload a video of an Olympic dive and watch the score arrive; updates come over the live socket.",
        security_schemes={routes.BEARER: HTTPBearer(bearerFormat="JWT")},
    )
    found: dict[str, Any] = json.loads(text)
    for path, operations in found["paths"].items():
        for method, operation in operations.items():
            # Powertools names an operation by its function, path and method; the function says it all.
            name = operation["operationId"].removesuffix(re.sub(r"\W", "_", f"{path}_{method}"))
            operation["operationId"] = to_camel(name)
            operation["summary"] = getattr(routes, name).__doc__
            # It also documents its own way of telling a bad request; ours is a 400 in the envelope of all errors.
            operation["responses"].pop("422", None)
    for unused in ("HTTPValidationError", "ValidationError", "ResponseValidationError"):
        found["components"]["schemas"].pop(unused, None)
    found.pop("servers", None)  # each deployment has its own address
    return found


def render() -> str:
    """The document as it is committed."""
    return json.dumps(document(), indent=2, sort_keys=True) + "\n"


if __name__ == "__main__":
    sys.stdout.write(render())

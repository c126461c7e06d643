"""The API behind a link that somebody shared."""

from contextlib import suppress

import httpx

from divescore.stack import local_state
from divescore.stack.errors import NoSystem


async def api_of_link(site: str, transport: httpx.AsyncBaseTransport | None = None) -> str:
    """The API behind a page: the local system's if the page is its, else what the page itself uses. Raises NoSystem."""
    with suppress(NoSystem):  # none runs here, or none that is ready
        here = local_state.find().stack
        if here is not None and here.web.rstrip("/") == site:
            return here.api.rstrip("/")
    problem = "its configuration names no API"
    async with httpx.AsyncClient(timeout=10.0, follow_redirects=True, transport=transport) as client:
        try:
            settings = (await client.get(f"{site}/config.json")).raise_for_status().json()
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
            settings, problem = None, str(error) or type(error).__name__
    if isinstance(settings, dict) and isinstance(settings.get("api"), str):
        return str(settings["api"]).rstrip("/")
    raise NoSystem(f"{site} does not tell where its API is ({problem}). Name it with --api.")

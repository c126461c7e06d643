"""The checkout of the project that this package runs from: the template, the functions, the page, the weights."""

from pathlib import Path

import divescore
from divescore.stack.local.errors import NotACheckout


def project_root() -> Path:
    """The checkout that holds template.yaml; raises NotACheckout when the package was installed without it."""
    root = Path(divescore.__file__).resolve().parents[2]
    if not (root / "template.yaml").is_file():
        raise NotACheckout(
            f"There is no template.yaml in {root}. The local system runs from a checkout: install with `make setup`."
        )
    return root

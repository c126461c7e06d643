"""Where the checkout is."""

from pathlib import Path

import pytest

from divescore.stack.local.checkout import project_root
from divescore.stack.local.errors import NotACheckout


def test_outside_a_checkout_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("divescore.__file__", str(tmp_path / "src" / "divescore" / "__init__.py"))
    with pytest.raises(NotACheckout, match="make setup"):
        project_root()

"""The base of fakes that take the place of a client of boto3's."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:

    class StandIn(Any):  # type: ignore[misc]  # that is what it is for
        """Whatever client is asked for: a fake has only the calls that the code makes."""

else:

    class StandIn:
        """Nothing more than its subclass."""

"""What can go wrong around a deployment.

DeployError
├── NotBuilt         there is no page to publish
├── PageBroken       the built page is not one that can be published
├── NoTarget         no stack is named, and samconfig.toml names none
├── BadName          a stack of this name could not be deployed
├── SamTooOld        SAM does not know what our template is made of
├── Misfit           the page of this template could not work in the Region
├── StepFailed       a command of the deployment failed
├── NotEmptied       objects could not be removed from a bucket
└── NotDeleted       the stack is still there, or part of it
"""


class DeployError(Exception):
    """A failure around a deployment; `code` names it, the message says what to do."""

    code = "DEPLOY"


class NotBuilt(DeployError):
    """The page was not built."""

    code = "NOT_BUILT"


class PageBroken(DeployError):
    """The built page lacks what every page has."""

    code = "PAGE_BROKEN"


class NoTarget(DeployError):
    """Nobody says which stack is meant."""

    code = "NO_TARGET"


class BadName(DeployError):
    """The stack's name is none that its buckets could be named after."""

    code = "BAD_NAME"


class SamTooOld(DeployError):
    """SAM's command is older than our template."""

    code = "SAM_TOO_OLD"


class Misfit(DeployError):
    """Template and Region, or template and page, do not go together."""

    code = "MISFIT"


class StepFailed(DeployError):
    """A command that the deployment runs failed; it said why."""

    code = "STEP_FAILED"


class NotEmptied(DeployError):
    """Objects could not be removed; `bucket` still holds them."""

    code = "NOT_EMPTIED"

    def __init__(self, bucket: str, reason: str) -> None:
        self.bucket = bucket
        super().__init__(f"The bucket {bucket} could not be emptied: {reason}")


class NotDeleted(DeployError):
    """The stack could not be deleted; `reasons` are the resources that stayed, each with its reason."""

    code = "NOT_DELETED"

    def __init__(self, stack: str, reasons: list[str]) -> None:
        self.stack = stack
        self.reasons = reasons
        lines = "\n".join(f"  {reason}" for reason in reasons) or "  (no reason was given)"
        super().__init__(f"The stack {stack} is not deleted:\n{lines}")

"""Why AWS refused a deployment, and what to do: for the refusals that new accounts meet."""

# A part of what CloudFormation reports, and what it means.
MEANINGS = {
    "account must be verified before you can add new CloudFront resources": (
        "CloudFront takes nothing new from an account that AWS has not verified, as new ones are. Open a case "
        "with AWS Support (Account and billing: it costs nothing) and quote that sentence; once they have answered, "
        "run `make deploy` again."
    ),
    "UnreservedConcurrentExecution below its minimum": (
        "Reserved concurrency has to leave the account its minimum without a reservation, and new accounts have no "
        "more than that. Reserve nothing, or ask for more: Service Quotas, AWS Lambda, Concurrent executions."
    ),
    "'MemorySize' value failed to satisfy constraint": (
        "New accounts give a function 3,008 MB at most. Set WorkerMemory to 3008 or less, or ask AWS Support for more."
    ),
    "is not authorized to perform": (
        "Whoever deploys lacks a right. In a workflow: deploy .github/aws.yaml again, as docs/deploy.md says."
    ),
}


def explained(reasons: list[str]) -> list[str]:
    """What the reasons mean, as far as it is known; each meaning once."""
    return [meaning for part, meaning in MEANINGS.items() if any(part in reason for reason in reasons)]

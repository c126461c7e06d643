"""The page of a deployed stack: upload it, and let CloudFront forget the old one."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from divescore.stack.deploy import page

if TYPE_CHECKING:
    from divescore.stack.deployed import Stack

# CloudFront counts a wildcard as one path, and the first thousand paths of a month cost nothing.
EVERYTHING = "/*"
ASK_EVERY, ASK_AT_MOST = 5, 120  # seconds, times


@dataclass(frozen=True)
class Published:
    """The page's address, how many files it has, and the id of the invalidation."""

    url: str
    files: int
    invalidation: str


def publish(stack: "Stack", dist: Path, wait: bool, say: Callable[[str], None]) -> Published:
    """Upload the page in `dist` and invalidate; with `wait`, return when every edge shows the new one.

    Raises NotBuilt, PageBroken, NoSystem for a stack without the outputs, and boto3's errors.
    """
    site = page.site_of(stack.output)
    distribution, url = stack.output("DistributionId"), stack.output("SiteUrl")
    files = page.publish(stack.client("s3"), dist, site)
    say(f"Uploaded {files} files to {site.bucket}.")
    cloudfront = stack.client("cloudfront")
    made = cloudfront.create_invalidation(
        DistributionId=distribution,
        InvalidationBatch={"Paths": {"Quantity": 1, "Items": [EVERYTHING]}, "CallerReference": uuid.uuid4().hex},
    )
    invalidation = str(made["Invalidation"]["Id"])
    if wait:
        say("Waiting until CloudFront has forgotten the old page.")
        cloudfront.get_waiter("invalidation_completed").wait(
            DistributionId=distribution,
            Id=invalidation,
            WaiterConfig={"Delay": ASK_EVERY, "MaxAttempts": ASK_AT_MOST},
        )
    return Published(url, files, invalidation)

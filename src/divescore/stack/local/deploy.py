"""Deploys template.yaml to the local engine through CloudFormation, as an IAM user and with access control on."""

import hashlib
import json
import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from divescore.stack.local import localize, package, translate
from divescore.stack.local.errors import DeployFailed
from divescore.stack.local_state import REGION, Credentials, Engine, Stack

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_iam import IAMClient
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_s3 import S3Client

STACK_NAME = "divescore"
PACKAGES = "divescore-packages"
USER = "divescore-deploy"
DEPLOYED_WITHIN = 60.0
# logical id of each zip function → its folder
FUNCTIONS = {
    "PresignFunction": "presign",
    "EnqueueFunction": "enqueue",
    "NotifyFunction": "notify",
    "WsConnectFunction": "ws_connect",
    "SweepFunction": "sweep",
}


def local_parameters() -> dict[str, str]:
    """The template's parameters that suit one machine: as many workers as cores, and no quotas.

    Everything here comes from one source address, so the quotas per client would only stop its owner.
    """
    return {
        "WorkerConcurrency": str(max(2, os.cpu_count() or 2)),
        "OpenJobsPerClient": "100000",
        "JobsPerDayPerClient": "10000000",
        "JobsPerDay": "10000000",
    }


@dataclass(frozen=True)
class Clients:
    """Makes clients of the engine's services for one set of credentials."""

    endpoint: str
    credentials: Credentials

    def _make(self, service: str) -> Any:
        import boto3
        from botocore.config import Config

        config = Config(
            signature_version="s3v4" if service == "s3" else None,
            s3={"addressing_style": "path"},
            retries={"total_max_attempts": 1},
            read_timeout=120,
            proxies={},
        )
        return boto3.Session(
            aws_access_key_id=self.credentials.accessKeyId,
            aws_secret_access_key=self.credentials.secretAccessKey,
            region_name=REGION,
        ).client(service, endpoint_url=self.endpoint, config=config)  # type: ignore[call-overload]  # any service

    def cloudformation(self) -> "CloudFormationClient":
        """A CloudFormation client."""
        client: CloudFormationClient = self._make("cloudformation")
        return client

    def iam(self) -> "IAMClient":
        """An IAM client."""
        client: IAMClient = self._make("iam")
        return client

    def functions(self) -> "LambdaClient":
        """A Lambda client."""
        client: LambdaClient = self._make("lambda")
        return client

    def s3(self) -> "S3Client":
        """An S3 client."""
        client: S3Client = self._make("s3")
        return client


def create_user(engine: Engine) -> Credentials:
    """Create the user that deploys, since the engine checks no signature of root's keys; return the user's keys."""
    iam = Clients(engine.endpoint, Credentials(engine.rootKeyId, engine.rootSecret)).iam()
    iam.create_user(UserName=USER)
    iam.put_user_policy(
        UserName=USER,
        PolicyName="deploy",
        PolicyDocument=json.dumps(
            {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
        ),
    )
    key = iam.create_access_key(UserName=USER)["AccessKey"]
    return Credentials(key["AccessKeyId"], key["SecretAccessKey"])


def packages(root: Path, weights: Path) -> dict[str, package.Package]:
    """What each function and layer of the template consists of: logical id → zip."""
    # Not resolved: a virtual environment's interpreter is a link, and finds its packages by where the link is.
    python = Path(sys.executable)
    return {
        **{name: package.function(root, folder) for name, folder in FUNCTIONS.items()},
        "SharedLayer": package.layer(root),
        "WorkerFunction": package.worker(root, python, weights),
    }


def local_template(
    root: Path, port: int, weights: Path, keys: dict[str, str], parameters: dict[str, str]
) -> translate.Template:
    """template.yaml as the engine takes it."""
    template = translate.read(root / "template.yaml")
    localize.images_as_custom_runtime(template, str(weights))
    localize.code_from_s3(template, PACKAGES, keys)
    localize.no_tracing(template)
    template = translate.expand(template, parameters)
    localize.routes_from_openapi(template)
    localize.plain_concurrency(template, parameters)
    localize.no_tls(template)
    localized: translate.Template = localize.local_endpoints(template, port)
    return localized


def deploy(clients: Clients, root: Path, port: int, weights: Path, parameters: dict[str, str]) -> tuple[Stack, bool]:
    """Create the stack, or update it in place; return it and whether anything changed.

    Raises DeployFailed with the failed resources when it ends in any but a complete state.
    """
    code = packages(root, weights)
    _upload(clients.s3(), list(code.values()))
    chosen = local_parameters() | parameters
    template = local_template(root, port, weights, {name: item.key for name, item in code.items()}, chosen)
    cloudformation = clients.cloudformation()
    arguments: Any = {
        "StackName": STACK_NAME,
        # Inline it would have to stay under 51,200 bytes.
        "TemplateURL": _upload_template(clients, json.dumps(template).encode()),
        "Parameters": [{"ParameterKey": key, "ParameterValue": value} for key, value in chosen.items()],
        "Capabilities": ["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
    }
    changed = True
    if _status(cloudformation) is None:
        cloudformation.create_stack(**arguments)
    else:
        try:
            cloudformation.update_stack(**arguments)
        except cloudformation.exceptions.ClientError as error:
            if "No updates are to be performed" not in str(error):
                raise DeployFailed("an update that was refused", [str(error)]) from error
            changed = False
    return _outputs(cloudformation), changed


def _upload(s3: "S3Client", code: list[package.Package]) -> None:
    names = [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]]
    if PACKAGES not in names:
        s3.create_bucket(Bucket=PACKAGES)
    there = {item["Key"] for item in s3.list_objects_v2(Bucket=PACKAGES).get("Contents", [])}
    for item in code:
        if item.key not in there:
            s3.put_object(Bucket=PACKAGES, Key=item.key, Body=item.content)


def _upload_template(clients: Clients, body: bytes) -> str:
    """Put the template beside the code and return its address."""
    key = f"template/{hashlib.sha256(body).hexdigest()[:32]}.json"
    clients.s3().put_object(Bucket=PACKAGES, Key=key, Body=body)
    return f"{clients.endpoint}/{PACKAGES}/{key}"


def _status(cloudformation: "CloudFormationClient") -> str | None:
    try:
        return cloudformation.describe_stacks(StackName=STACK_NAME)["Stacks"][0]["StackStatus"]
    except cloudformation.exceptions.ClientError as error:
        if "does not exist" in str(error):
            return None
        raise


def _outputs(cloudformation: "CloudFormationClient") -> Stack:
    deadline = time.monotonic() + DEPLOYED_WITHIN
    while (status := _status(cloudformation) or "DELETED").endswith("_IN_PROGRESS"):
        if time.monotonic() > deadline:
            raise DeployFailed(f"{status} after {DEPLOYED_WITHIN:.0f} s", _failures(cloudformation))
        time.sleep(0.05)
    if status not in {"CREATE_COMPLETE", "UPDATE_COMPLETE"}:
        raise DeployFailed(status, _failures(cloudformation))
    described = cloudformation.describe_stacks(StackName=STACK_NAME)["Stacks"][0]
    out = {item["OutputKey"]: item["OutputValue"] for item in described["Outputs"]}
    return Stack(
        api=out["ApiUrl"],
        live=out["LiveUrl"],
        web=out["SiteUrl"],
        bucket=out["UploadsBucket"],
        queues={
            "uploads": out["UploadsQueueUrl"],
            "scoring": out["ScoringQueueUrl"],
            "uploadsDlq": out["UploadsDlqUrl"],
            "scoringDlq": out["ScoringDlqUrl"],
            "streamDlq": out["StreamDlqUrl"],
        },
        table=out["JobsTable"],
        worker=out["WorkerFunction"],
        functions={folder: out[name] for name, folder in (*FUNCTIONS.items(), ("WorkerFunction", "worker"))},
        site=out["SiteBucket"],
        uploads=out["UploadsUrl"],
    )


def _failures(cloudformation: "CloudFormationClient") -> list[str]:
    events = cloudformation.describe_stack_events(StackName=STACK_NAME)["StackEvents"]
    return [
        f"{event['LogicalResourceId']} ({event['ResourceType']}): {event.get('ResourceStatusReason', 'no reason')}"
        for event in reversed(events)
        if event["ResourceStatus"].endswith("_FAILED")
    ]

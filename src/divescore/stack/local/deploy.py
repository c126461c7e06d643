"""Deploys template.yaml to the local engine through CloudFormation, as an IAM user and with access control on."""

import hashlib
import json
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from divescore.stack.clients import Clients, clients_of_engine
from divescore.stack.cloudformation import describe, failures, status
from divescore.stack.local import localize, package, translate
from divescore.stack.local.errors import DeployFailed
from divescore.stack.local_state import REGION, Credentials, Engine, StackOutputs

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_s3 import S3Client

STACK_NAME = "divescore"
PACKAGES = "divescore-packages"
USER = "divescore-deploy"
STACK_MADE_WITHIN = 120.0  # by the engine, while the request for it waits
DEPLOYED_WITHIN = 60.0
ANSWERS_WITHIN = 10.0
# Logical id of each zip function → its folder
FUNCTIONS = {
    "PresignFunction": "presign",
    "EnqueueFunction": "enqueue",
    "NotifyFunction": "notify",
    "WsConnectFunction": "ws_connect",
    "SettleFunction": "settle",
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


def clients(engine: Engine, credentials: Credentials) -> Clients:
    """Clients for a deployment: each asks once, since the engine makes a whole stack before it answers."""
    return clients_of_engine(engine, credentials, REGION, attempts=1, reads_within=STACK_MADE_WITHIN)


def create_user(engine: Engine) -> Credentials:
    """Create the user that deploys, with its rights alone, as on AWS; return its keys."""
    iam = clients(engine, Credentials(engine.rootKeyId, engine.rootSecret))("iam")
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


def is_there(engine: Engine, credentials: Credentials) -> bool:
    """Whether the engine holds the stack, and knows the user that deployed it."""
    client = clients_of_engine(engine, credentials, REGION, attempts=1, reads_within=ANSWERS_WITHIN)
    try:
        return status(client("cloudformation"), STACK_NAME) is not None
    except (BotoCoreError, ClientError):
        return False


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
    localize.no_route_responses(template)
    localize.plain_concurrency(template, parameters)
    localize.no_tls(template)
    localize.roles_by_their_sessions(template)
    localized: translate.Template = localize.local_endpoints(template, port)
    return localized


def deploy(
    client: Clients, root: Path, port: int, weights: Path, parameters: dict[str, str]
) -> tuple[StackOutputs, bool]:
    """Create the stack, or update it in place; return it and whether anything changed.

    Raises DeployFailed with the failed resources when it ends in any but a complete state.
    """
    code = packages(root, weights)
    _upload(client("s3"), list(code.values()))
    chosen = local_parameters() | parameters
    template = local_template(root, port, weights, {name: item.key for name, item in code.items()}, chosen)
    cloudformation = client("cloudformation")
    arguments: Any = {
        "StackName": STACK_NAME,
        # Inline it would have to stay under 51,200 bytes.
        "TemplateURL": _upload_template(client("s3"), json.dumps(template).encode()),
        "Parameters": [{"ParameterKey": key, "ParameterValue": value} for key, value in chosen.items()],
        "Capabilities": ["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
    }
    changed = True
    if status(cloudformation, STACK_NAME) is None:
        cloudformation.create_stack(**arguments)
    else:
        try:
            cloudformation.update_stack(**arguments)
        except cloudformation.exceptions.ClientError as error:
            if "No updates are to be performed" not in str(error):
                raise DeployFailed("an update that was refused", [str(error)]) from error
            changed = False
    return finished(cloudformation), changed


def _upload(s3: "S3Client", code: list[package.Package]) -> None:
    names = [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]]
    if PACKAGES not in names:
        s3.create_bucket(Bucket=PACKAGES)
    there = {item["Key"] for item in s3.list_objects_v2(Bucket=PACKAGES).get("Contents", [])}
    for item in code:
        if item.key not in there:
            s3.put_object(Bucket=PACKAGES, Key=item.key, Body=item.content)


def _upload_template(s3: "S3Client", body: bytes) -> str:
    """Put the template beside the code and return its address."""
    key = f"template/{hashlib.sha256(body).hexdigest()[:32]}.json"
    s3.put_object(Bucket=PACKAGES, Key=key, Body=body)
    return f"{s3.meta.endpoint_url}/{PACKAGES}/{key}"


def finished(cloudformation: "CloudFormationClient") -> StackOutputs:
    """What the stack has, once it is complete. Raises DeployFailed when it ends otherwise, or never."""
    deadline = time.monotonic() + DEPLOYED_WITHIN
    while (current := status(cloudformation, STACK_NAME) or "DELETED").endswith("_IN_PROGRESS"):
        if time.monotonic() > deadline:
            raise DeployFailed(f"{current} after {DEPLOYED_WITHIN:.0f} s", failures(cloudformation, STACK_NAME))
        time.sleep(0.05)
    if current not in {"CREATE_COMPLETE", "UPDATE_COMPLETE"}:
        raise DeployFailed(current, failures(cloudformation, STACK_NAME))
    (described,) = describe(cloudformation, STACK_NAME)
    out = described.outputs
    return StackOutputs(
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
            "settledDlq": out["SettleDlqUrl"],
        },
        topic=out["DiveSettledArn"],
        table=out["JobsTable"],
        worker=out["WorkerFunction"],
        functions={folder: out[name] for name, folder in (*FUNCTIONS.items(), ("WorkerFunction", "worker"))},
        site=out["SiteBucket"],
        uploads=out["UploadsUrl"],
        maxUploadBytes=int(out["MaxUploadBytes"]),
    )

"""The few things that the local engine cannot do as AWS does, each changed here and nowhere else, with its reason."""

import re
from typing import Any

from divescore.stack.local.translate import Template, resources

# --- before SAM's expansion -----------------------------------------------------------------------------------------


def code_from_s3(template: Template, bucket: str, keys: dict[str, str]) -> None:
    """Point each function and layer to its zip. `sam package` does this on AWS. `keys`: logical id → key."""
    for name, resource in resources(template, "AWS::Serverless::Function").items():
        resource["Properties"]["CodeUri"] = {"Bucket": bucket, "Key": keys[name]}
    for name, resource in resources(template, "AWS::Serverless::LayerVersion").items():
        resource["Properties"]["ContentUri"] = {"Bucket": bucket, "Key": keys[name]}


def images_as_custom_runtime(template: Template, model_dir: str) -> None:
    """Make each image function a zip with a custom runtime.

    The engine runs images with Docker only. Its custom runtime speaks the real Runtime API, so the zip's `bootstrap`
    runs the very client that the image's entry point runs. Weights stay in their folder: a checkpoint may have 500 MB,
    and the engine would keep it in memory.
    """
    for resource in resources(template, "AWS::Serverless::Function").values():
        properties = resource["Properties"]
        if properties.pop("PackageType", "Zip") != "Image":
            continue
        resource.pop("Metadata", None)
        properties |= {"Runtime": "provided.al2023", "Handler": "app.handler"}
        variables = properties["Environment"]["Variables"]
        if "MODEL_DIR" in variables:
            variables["MODEL_DIR"] = model_dir


def no_tracing(template: Template) -> None:
    """Switch tracing off: there is no X-Ray daemon, and each call would wait for one."""
    function = template.setdefault("Globals", {}).setdefault("Function", {})
    function["Tracing"] = "PassThrough"
    function.setdefault("Environment", {}).setdefault("Variables", {})["POWERTOOLS_TRACE_DISABLED"] = "true"


# --- after SAM's expansion ------------------------------------------------------------------------------------------


def routes_from_openapi(template: Template) -> None:
    """Give the HTTP API routes and integrations of their own: the engine ignores the OpenAPI body that SAM writes.

    CORS moves out of the body too, in the lower camel case that the engine expects.
    """
    for name, api in resources(template, "AWS::ApiGatewayV2::Api").items():
        body = api["Properties"].pop("Body", None)
        if body is None:
            continue
        api["Properties"] |= {"Name": name, "ProtocolType": "HTTP"}
        if "x-amazon-apigateway-cors" in body:
            api["Properties"]["CorsConfiguration"] = body["x-amazon-apigateway-cors"]
        for path, methods in sorted(body["paths"].items()):
            for method, operation in sorted(methods.items()):
                integration = operation["x-amazon-apigateway-integration"]
                suffix = re.sub(r"\W", "", path.title()) + method.title()
                template["Resources"][f"{name}{suffix}Integration"] = {
                    "Type": "AWS::ApiGatewayV2::Integration",
                    "Properties": {
                        "ApiId": {"Ref": name},
                        "IntegrationType": "AWS_PROXY",
                        "IntegrationUri": integration["uri"],
                        "PayloadFormatVersion": integration["payloadFormatVersion"],
                    },
                }
                template["Resources"][f"{name}{suffix}Route"] = {
                    "Type": "AWS::ApiGatewayV2::Route",
                    "Properties": {
                        "ApiId": {"Ref": name},
                        "RouteKey": f"{method.upper()} {path}",
                        "Target": {"Fn::Join": ["/", ["integrations", {"Ref": f"{name}{suffix}Integration"}]]},
                    },
                }


def no_route_responses(template: Template) -> None:
    """Leave out the responses of two-way routes: the engine knows none, and sends what a function returns anyway."""
    for name in resources(template, "AWS::ApiGatewayV2::RouteResponse"):
        del template["Resources"][name]


def plain_concurrency(template: Template, parameters: dict[str, str]) -> None:
    """Write each mapping's concurrency as a number: the engine takes a parameter's value for text and stops polling.

    Without pollers, whatever the parameters say: the engine has no provisioned mode.
    """
    for mapping in resources(template, "AWS::Lambda::EventSourceMapping").values():
        properties = mapping["Properties"]
        properties.pop("ProvisionedPollerConfig", None)
        if "Fn::If" in properties.get("ScalingConfig", {}):
            _, _, properties["ScalingConfig"] = properties["ScalingConfig"]["Fn::If"]
        for holder, key in (
            (properties.get("ScalingConfig", {}), "MaximumConcurrency"),
            (properties, "ParallelizationFactor"),
        ):
            if isinstance(holder.get(key), dict):
                name = holder[key]["Ref"]
                holder[key] = int(parameters.get(name, template["Parameters"][name].get("Default")))


def no_tls(template: Template) -> None:
    """Let the page, buckets, queues and the topic do without TLS: on loopback there is no certificate to trust."""
    for kind in ("AWS::S3::BucketPolicy", "AWS::SQS::QueuePolicy", "AWS::SNS::TopicPolicy"):
        for name, policy in resources(template, kind).items():
            document = policy["Properties"]["PolicyDocument"]
            document["Statement"] = [item for item in document["Statement"] if item.get("Sid") != "TlsOnly"]
            if not document["Statement"]:
                del template["Resources"][name]
    for site in resources(template, "AWS::CloudFront::Distribution").values():
        site["Properties"]["DistributionConfig"]["DefaultCacheBehavior"]["ViewerProtocolPolicy"] = "allow-all"


def roles_by_their_sessions(template: Template) -> None:
    """Name a role in the topic's policy by its sessions, since `aws:PrincipalArn` is these here and the role on AWS."""
    for policy in resources(template, "AWS::SNS::TopicPolicy").values():
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]:
            for test in statement.get("Condition", {}).values():
                if "aws:PrincipalArn" in test:
                    role, _ = test["aws:PrincipalArn"]["Fn::GetAtt"]
                    test["aws:PrincipalArn"] = {"Fn::Sub": f"arn:aws:sts::*:assumed-role/${{{role}}}/*"}


_ENDPOINTS: list[tuple[re.Pattern[str], str]] = [
    # every host of a kind, in the page's security policy
    (re.compile(r"https://\*\.(?:execute-api|s3)\.[^ ;]+"), "http://127.0.0.1:{port}"),
    (re.compile(r"wss://\*\.execute-api\.[^ ;]+"), "ws://127.0.0.1:{port}"),
    # a WebSocket API with its stage, and its management endpoint
    (
        re.compile(r"wss://\$\{(\w+)\}\.execute-api\.\$\{AWS::Region\}\.\$\{AWS::URLSuffix\}/"),
        r"ws://127.0.0.1:{port}/_aws/execute-api/${\1}/",
    ),
    (
        re.compile(r"https://\$\{(\w+)\}\.execute-api\.\$\{AWS::Region\}\.\$\{AWS::URLSuffix\}/"),
        r"http://127.0.0.1:{port}/_aws/execute-api/${\1}/",
    ),
    # the HTTP API, which has no stage in its address on AWS
    (
        re.compile(r"https://\$\{(\w+)\}\.execute-api\.\$\{AWS::Region\}\.\$\{AWS::URLSuffix\}"),
        r"http://127.0.0.1:{port}/_aws/execute-api/${\1}/$default",
    ),
    # a bucket
    (re.compile(r"https://\$\{\w+\}\.s3\.\$\{AWS::Region\}\.\$\{AWS::URLSuffix\}"), "http://127.0.0.1:{port}"),
]
_SITE = re.compile(r"https://\$\{(\w+)\.DomainName\}")


def local_endpoints(value: Any, port: int) -> Any:
    """Rewrite every address that the template builds, wherever it stands, to where the engine serves it.

    API Gateway and S3 in their path form, since names below localhost do not resolve everywhere; the page by the name
    of its distribution, which browsers do resolve and which is its origin.
    """
    if isinstance(value, list):
        return [local_endpoints(item, port) for item in value]
    if not isinstance(value, dict):
        return value
    if set(value) == {"Fn::Sub"} and isinstance(value["Fn::Sub"], str):
        return _local_sub(value["Fn::Sub"], port)
    return {key: local_endpoints(item, port) for key, item in value.items()}


def _local_sub(text: str, port: int) -> dict[str, Any]:
    for pattern, local in _ENDPOINTS:
        text = pattern.sub(local.replace("{port}", str(port)), text)
    sites = set(_SITE.findall(text))
    if not sites:
        return {"Fn::Sub": text}
    # The engine knows a distribution by the first label of its domain name.
    text = _SITE.sub(rf"http://${{\1Label}}.cloudfront.localhost:{port}", text)
    labels = {
        f"{site}Label": {"Fn::Select": [0, {"Fn::Split": [".", {"Fn::GetAtt": [site, "DomainName"]}]}]}
        for site in sites
    }
    return {"Fn::Sub": [text, labels]}

"""What is changed for the local engine, and that nothing else is."""

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from divescore.stack.local import deploy, localize, translate
from divescore.stack.local.checkout import project_root

PORT = 4580
WEIGHTS = Path("/somewhere/model_weights")


@cache
def local() -> translate.Template:
    keys = dict.fromkeys([*deploy.FUNCTIONS, "SharedLayer", "WorkerFunction"], "some/key.zip")
    return deploy.local_template(project_root(), PORT, WEIGHTS, keys, {"WorkerConcurrency": "3"})


def properties(name: str) -> dict[str, Any]:
    found: dict[str, Any] = local()["Resources"][name]["Properties"]
    return found


def variables(function: str) -> dict[str, Any]:
    found: dict[str, Any] = properties(function)["Environment"]["Variables"]
    return found


def test_the_worker_runs_on_a_custom_runtime_and_reads_weights_where_they_are() -> None:
    worker = properties("WorkerFunction")
    assert worker["Runtime"] == "provided.al2023"
    assert "PackageType" not in worker
    assert worker["Code"] == {"S3Bucket": deploy.PACKAGES, "S3Key": "some/key.zip"}
    assert variables("WorkerFunction")["MODEL_DIR"] == str(WEIGHTS)


def test_the_other_functions_keep_their_runtime() -> None:
    assert {properties(name)["Runtime"] for name in deploy.FUNCTIONS} == {"python3.13"}


def test_no_function_traces() -> None:
    for name in [*deploy.FUNCTIONS, "WorkerFunction"]:
        assert variables(name)["POWERTOOLS_TRACE_DISABLED"] == "true"
        assert properties(name)["TracingConfig"] == {"Mode": "PassThrough"}


def test_every_route_of_the_http_api_has_an_integration_of_its_own() -> None:
    api = properties("Api")
    assert "Body" not in api
    routes = {
        item["Properties"]["RouteKey"]: item["Properties"]["Target"]["Fn::Join"][1][1]["Ref"]
        for item in translate.resources(local(), "AWS::ApiGatewayV2::Route").values()
        if item["Properties"]["ApiId"] == {"Ref": "Api"}
    }
    assert len(set(routes.values())) == len(routes) == 10
    assert "POST /jobs/{jobId}/share" in routes
    for name in routes.values():
        assert "PresignFunction.Arn" in properties(name)["IntegrationUri"]["Fn::Sub"]


def test_cors_survives_with_the_local_page_as_its_origin() -> None:
    cors = properties("Api")["CorsConfiguration"]
    text, labels = cors["allowOrigins"][0]["Fn::Sub"]
    assert text == f"http://${{SiteLabel}}.cloudfront.localhost:{PORT}"
    assert labels == {"SiteLabel": {"Fn::Select": [0, {"Fn::Split": [".", {"Fn::GetAtt": ["Site", "DomainName"]}]}]}}
    [rule] = properties("UploadsBucket")["CorsConfiguration"]["CorsRules"]
    assert rule["AllowedOrigins"][0] == cors["allowOrigins"][0]


@pytest.mark.parametrize(
    ("aws", "here"),
    [
        (
            "https://${Api}.execute-api.${AWS::Region}.${AWS::URLSuffix}",
            "http://127.0.0.1:4580/_aws/execute-api/${Api}/$default",
        ),
        (
            "wss://${Live}.execute-api.${AWS::Region}.${AWS::URLSuffix}/live",
            "ws://127.0.0.1:4580/_aws/execute-api/${Live}/live",
        ),
        (
            "https://${Live}.execute-api.${AWS::Region}.${AWS::URLSuffix}/live",
            "http://127.0.0.1:4580/_aws/execute-api/${Live}/live",
        ),
        ("https://${UploadsBucket}.s3.${AWS::Region}.${AWS::URLSuffix}", "http://127.0.0.1:4580"),
        (
            "connect-src 'self' https://*.execute-api.${AWS::Region}.${AWS::URLSuffix} https://*.s3.${AWS::URLSuffix}",
            "connect-src 'self' http://127.0.0.1:4580 http://127.0.0.1:4580",
        ),
        ("wss://*.execute-api.${AWS::Region}.${AWS::URLSuffix}", "ws://127.0.0.1:4580"),
        ("${UploadsBucket.Arn}/uploads/*", "${UploadsBucket.Arn}/uploads/*"),
    ],
)
def test_addresses_lead_to_the_engine(aws: str, here: str) -> None:
    assert localize.local_endpoints({"Fn::Sub": aws}, PORT) == {"Fn::Sub": here}


def test_no_address_of_aws_is_left() -> None:
    text = json.dumps({"resources": local()["Resources"], "outputs": local()["Outputs"]})
    assert "URLSuffix" not in text
    assert "https://" not in text
    assert "wss://" not in text


def test_no_response_of_a_route_is_left_and_its_route_stays() -> None:
    assert translate.resources(local(), "AWS::ApiGatewayV2::RouteResponse") == {}
    assert properties("LiveSubscribeRoute")["RouteKey"] == "subscribe"


def test_concurrency_is_a_number_as_the_engine_compares_it() -> None:
    mapping = properties("WorkerFunctionScoring")
    assert mapping["ScalingConfig"] == {"MaximumConcurrency": 3}
    assert "ProvisionedPollerConfig" not in mapping
    assert properties("NotifyFunctionJobs")["ParallelizationFactor"] == 4


def test_loopback_does_without_tls_and_keeps_every_other_statement() -> None:
    assert {"UploadsBucketPolicy", "QueuesPolicy"}.isdisjoint(local()["Resources"])
    [statement] = properties("UploadsQueuePolicy")["PolicyDocument"]["Statement"]
    assert statement["Sid"] == "NotificationsOfThisAccount"
    [statement] = properties("SiteBucketPolicy")["PolicyDocument"]["Statement"]
    assert statement["Sid"] == "TheDistributionReads"
    assert properties("Site")["DistributionConfig"]["DefaultCacheBehavior"]["ViewerProtocolPolicy"] == "allow-all"


def test_only_the_sessions_of_settles_role_publish_as_on_aws_the_role_does() -> None:
    [statement] = properties("DiveSettledPolicy")["PolicyDocument"]["Statement"]
    assert (statement["Sid"], statement["Effect"]) == ("NobodyElsePublishes", "Deny")
    assert statement["Condition"] == {
        "ArnNotEquals": {"aws:PrincipalArn": {"Fn::Sub": "arn:aws:sts::*:assumed-role/${SettleRole}/*"}}
    }


def test_roles_queues_and_the_table_are_those_of_aws() -> None:
    template = translate.read(project_root() / "template.yaml")
    same = (
        "AWS::IAM::Role",
        "AWS::SQS::Queue",
        "AWS::SNS::Topic",
        "AWS::DynamoDB::Table",
        "AWS::SecretsManager::Secret",
    )
    for kind in same:
        assert translate.resources(local(), kind) == translate.resources(template, kind)

"""template.yaml keeps what the design promises, whatever is added to it."""

import json
import re
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from cfnlint.api import lint_file
from pydantic import ValidationError

import functions.enqueue.app
import functions.notify.app
import functions.presign.app
import functions.settle.app
import functions.sweep.app
import functions.worker.app
import functions.ws_connect.app
from divescore.difficulty import HIGHEST, LOWEST
from divescore.stack.local import deploy, package, translate
from divescore.video.limits import VideoLimits
from divescore.views import SETTLED
from functions.settings import FunctionSettings

ROOT = Path(__file__).resolve().parents[2]
QUEUES = {"UploadsQueue": "UploadsDlq", "ScoringQueue": "ScoringDlq"}
DAY = 86400
MESSAGES = {"$default", "subscribe", "unsubscribe", "ping"}  # routes of the WebSocket API that answer
HANDLERS = {**deploy.FUNCTIONS, "WorkerFunction": "worker"}
SETTINGS: dict[str, type[FunctionSettings]] = {
    "PresignFunction": functions.presign.app.PresignSettings,
    "EnqueueFunction": functions.enqueue.app.EnqueueSettings,
    "NotifyFunction": functions.notify.app.NotifySettings,
    "WsConnectFunction": functions.ws_connect.app.WsConnectSettings,
    "SettleFunction": functions.settle.app.SettleSettings,
    "SweepFunction": functions.sweep.app.SweepSettings,
    "WorkerFunction": functions.worker.app.WorkerSettings,
}


@cache
def source() -> translate.Template:
    return translate.read(ROOT / "template.yaml")


@cache
def expanded() -> translate.Template:
    template = translate.read(ROOT / "template.yaml")
    for resource in translate.resources(template, "AWS::Serverless::Function").values():
        code = "ImageUri" if resource["Properties"].get("PackageType") == "Image" else "CodeUri"
        resource["Properties"][code] = "s3://bucket/key"
    for resource in translate.resources(template, "AWS::Serverless::LayerVersion").values():
        resource["Properties"]["ContentUri"] = "s3://bucket/layer"
    return translate.expand(template, {})


def of_type(kind: str) -> dict[str, dict[str, Any]]:
    return {name: resource["Properties"] for name, resource in translate.resources(expanded(), kind).items()}


def properties(name: str) -> dict[str, Any]:
    found: dict[str, Any] = expanded()["Resources"][name]["Properties"]
    return found


def mapping_of(function: str) -> dict[str, Any]:
    [found] = [
        mapping
        for mapping in of_type("AWS::Lambda::EventSourceMapping").values()
        if mapping["FunctionName"] == {"Ref": function}
    ]
    return found


def statements(role: str) -> list[dict[str, Any]]:
    [policy] = properties(role)["Policies"]
    found: list[dict[str, Any]] = policy["PolicyDocument"]["Statement"]
    return found


def test_the_linter_has_nothing_to_say() -> None:
    assert [str(match) for match in lint_file(ROOT / "template.yaml")] == []


def test_it_uses_no_aliases_which_cloudformation_refuses() -> None:
    assert not re.search(r"(^|[\s\[])[&*][a-z][\w-]*\s*$", (ROOT / "template.yaml").read_text(), re.MULTILINE)


def test_the_uploads_queue_hides_a_message_six_times_as_long_as_enqueue_may_take() -> None:
    assert properties("UploadsQueue")["VisibilityTimeout"] == 6 * properties("EnqueueFunction")["Timeout"]


def test_the_scoring_queue_hides_a_message_six_times_as_long_as_any_worker_may_take() -> None:
    assert properties("WorkerFunction")["Timeout"] == {"Ref": "WorkerTimeout"}
    name, parameter, key = properties("ScoringQueue")["VisibilityTimeout"]["Fn::FindInMap"]
    assert parameter == {"Ref": "WorkerTimeout"}
    allowed = source()["Parameters"]["WorkerTimeout"]["AllowedValues"]
    assert {int(timeout): entry[key] for timeout, entry in source()["Mappings"][name].items()} == {
        timeout: 6 * timeout for timeout in allowed
    }


@pytest.mark.parametrize(("queue", "dead"), QUEUES.items())
def test_behind_each_queue_stands_a_dead_letter_queue_that_keeps_longer(queue: str, dead: str) -> None:
    redrive = properties(queue)["RedrivePolicy"]
    assert redrive["deadLetterTargetArn"] == {"Fn::GetAtt": [dead, "Arn"]}
    assert redrive["maxReceiveCount"] == 10
    assert properties(queue)["MessageRetentionPeriod"] == DAY
    assert properties(dead)["MessageRetentionPeriod"] == 14 * DAY


def test_every_queue_is_encrypted() -> None:
    assert all(queue["SqsManagedSseEnabled"] is True for queue in of_type("AWS::SQS::Queue").values())


def test_every_dead_letter_queue_has_an_alarm() -> None:
    watched = [
        alarm["Dimensions"]
        for alarm in of_type("AWS::CloudWatch::Alarm").values()
        if alarm["MetricName"] == "ApproximateNumberOfMessagesVisible"
    ]
    for dead in (*QUEUES.values(), "StreamDlq", "SettleDlq"):
        assert [{"Name": "QueueName", "Value": {"Fn::GetAtt": [dead, "QueueName"]}}] in watched


@pytest.mark.parametrize("function", ["EnqueueFunction", "WorkerFunction", "NotifyFunction"])
def test_batches_fail_item_by_item(function: str) -> None:
    assert mapping_of(function)["FunctionResponseTypes"] == ["ReportBatchItemFailures"]


def test_a_worker_takes_one_video_at_a_time() -> None:
    mapping = mapping_of("WorkerFunction")
    assert mapping["BatchSize"] == 1


def test_a_worker_has_either_a_most_or_pollers() -> None:
    """Lambda refuses a mapping that has both."""
    mapping = mapping_of("WorkerFunction")
    nothing = {"Ref": "AWS::NoValue"}
    assert mapping["ScalingConfig"] == {
        "Fn::If": ["HasPollers", nothing, {"MaximumConcurrency": {"Ref": "WorkerConcurrency"}}]
    }
    pollers = {"MinimumPollers": {"Ref": "WorkerPollersKept"}, "MaximumPollers": {"Ref": "WorkerPollers"}}
    assert mapping["ProvisionedPollerConfig"] == {"Fn::If": ["HasPollers", pollers, nothing]}


def test_a_lone_poller_is_refused_by_cloudformation_itself() -> None:
    """Lambda keeps two at least; `make deploy` compares the most with the kept, which no rule can."""
    [assertion] = expanded()["Rules"]["NoLonePoller"]["Assertions"]
    assert assertion["Assert"] == {"Fn::Not": [{"Fn::Equals": [{"Ref": "WorkerPollers"}, "1"]}]}


# Where each parameter has its effect: a resource and a property, or a setting of a function.
EFFECTS: dict[str, set[str]] = {
    "RetentionDays": {"UploadsBucket.LifecycleConfiguration", "PresignFunction.RETENTION_DAYS"},
    "MaxUploadBytes": {
        "PresignFunction.MAX_UPLOAD_BYTES",
        "WorkerFunction.MAX_UPLOAD_BYTES",
        "WorkerFunction.EphemeralStorage",
        "Outputs.MaxUploadBytes",  # what `publish` tells the page
    },
    "PartsAboveBytes": {"PresignFunction.PARTS_ABOVE_BYTES"},
    "OpenJobsPerClient": {"PresignFunction.OPEN_JOBS_PER_CLIENT"},
    "JobsPerDayPerClient": {"PresignFunction.JOBS_PER_DAY_PER_CLIENT"},
    "JobsPerDay": {"PresignFunction.JOBS_PER_DAY"},
    "ExtraOrigin": {"UploadsBucket.CorsConfiguration", "Api.Body", "WsConnectFunction.ALLOWED_ORIGINS"},
    "WorkerTimeout": {"ScoringQueue.VisibilityTimeout", "WorkerFunction.Timeout", "WorkerFunction.FUNCTION_SECONDS"},
    "MaxAttempts": {"WorkerFunction.MAX_ATTEMPTS", "SweepFunction.MAX_ATTEMPTS"},
    "WorkerMemory": {"WorkerFunction.MemorySize"},
    "WorkerConcurrency": {"WorkerFunctionScoring.ScalingConfig"},
    "WorkerPollers": {"WorkerFunctionScoring.ProvisionedPollerConfig", "WorkerFunctionScoring.ScalingConfig"},
    "WorkerPollersKept": {"WorkerFunctionScoring.ProvisionedPollerConfig"},
    "StreamParallelization": {"NotifyFunctionJobs.ParallelizationFactor"},
    "ReservedConcurrency": {
        f"{name}Function.ReservedConcurrentExecutions" for name in ("Presign", "Enqueue", "Notify", "WsConnect")
    },
    "ApiRate": {"ApiApiGatewayDefaultStage.DefaultRouteSettings"},
    "ApiBurst": {"ApiApiGatewayDefaultStage.DefaultRouteSettings"},
    "LiveRate": {"LiveliveStage.DefaultRouteSettings"},
    "LiveBurst": {"LiveliveStage.DefaultRouteSettings"},
    "LogRetentionDays": {f"{name.removesuffix('Function')}Logs.RetentionInDays" for name in HANDLERS},
    "LogLevel": {f"{name}.LOG_LEVEL" for name in HANDLERS},
    "AlarmTopic": {
        f"{name}Alarm.AlarmActions"
        for name in (
            *("UploadsDlq", "ScoringDlq", "StreamDlq", "SettleDlq", "UploadsAge", "ScoringAge", "SettleAge"),
            *("WorkerErrors", "WorkerThrottles", "PushFailures", "SweepErrors"),
        )
    },
}


def named(value: Any) -> set[str]:
    """Every parameter that a value depends on, by conditions too."""
    if isinstance(value, list):
        return set().union(*map(named, value))
    if not isinstance(value, dict):
        return set()
    found = set().union(*map(named, value.values()))
    if set(value) == {"Ref"}:
        found.add(value["Ref"])
    if set(value) == {"Fn::If"}:
        found |= named(expanded()["Conditions"][value["Fn::If"][0]])
    if set(value) == {"Fn::Sub"}:
        text = value["Fn::Sub"] if isinstance(value["Fn::Sub"], str) else value["Fn::Sub"][0]
        found |= set(re.findall(r"\$\{(\w+)\}", text))
    return found & set(source()["Parameters"])


def test_each_parameter_has_its_effect_where_it_says_and_nowhere_else() -> None:
    effects: dict[str, set[str]] = {name: set() for name in source()["Parameters"]}
    for name, resource in expanded()["Resources"].items():
        for key, value in resource.get("Properties", {}).items():
            parts = value["Variables"].items() if key == "Environment" else [(key, value)]
            for part, held in parts:
                for parameter in named(held):
                    effects[parameter].add(f"{name}.{part}")
    for name, output in expanded()["Outputs"].items():
        for parameter in named(output["Value"]):
            effects[parameter].add(f"Outputs.{name}")
    assert effects == EFFECTS


def test_every_parameter_is_in_the_table_with_its_default() -> None:
    page = (ROOT / "docs" / "deploy.md").read_text()
    rows = [line.split("|")[1:3] for line in page.splitlines() if re.match(r"\| `[A-Z]", line)]
    told: dict[str, str] = {}
    for names, defaults in rows:
        values = [value.replace(",", "") for value in re.split(r", |/", defaults.split(";")[0].strip())]
        told |= zip(re.findall(r"`(\w+)`", names), values, strict=True)
    units = {"MaxUploadBytes": 2**20, "PartsAboveBytes": 2**20}

    def value(name: str) -> str:
        number = told[name].removesuffix(" MB").removesuffix(" s").removesuffix("none")
        return str(int(number) * units[name]) if name in units else number

    assert {name: value(name) for name in told} == {
        name: str(about["Default"]) for name, about in source()["Parameters"].items()
    }


def test_the_workers_disk_holds_the_largest_video_twice_and_frames() -> None:
    allowed = source()["Parameters"]["MaxUploadBytes"]["AllowedValues"]
    storage = source()["Mappings"]["StorageOfUpload"]
    assert set(storage) == {str(size) for size in allowed}
    for size, entry in storage.items():
        assert max(512, 2 * int(size) / 2**20 + 300) <= entry["Megabytes"] <= 10_240
    assert VideoLimits().max_bytes == source()["Parameters"]["MaxUploadBytes"]["Default"]


def test_the_workers_memory_holds_it_and_its_decoder() -> None:
    resident = re.search(r"(\d+) MB resident, the decoder", (ROOT / "docs" / "model.md").read_text())
    assert resident
    least = int(resident[1]) + VideoLimits().decode_memory / 2**20
    assert source()["Parameters"]["WorkerMemory"]["MinValue"] >= least


def test_difficulties_have_the_same_bounds_everywhere() -> None:
    assert f"factor >= {LOWEST:g} && factor <= {HIGHEST:g}" in (ROOT / "web/src/jobs/declared.ts").read_text()
    document = json.loads((ROOT / "docs" / "openapi.json").read_text())
    [number] = [
        kind
        for kind in document["components"]["schemas"]["CreateJob"]["properties"]["difficulty"]["anyOf"]
        if kind["type"] == "number"
    ]
    assert (number["minimum"], number["maximum"]) == (LOWEST, HIGHEST)


def test_a_sweep_that_failed_is_not_repeated_and_a_late_one_not_made_up_for() -> None:
    """The schedule's retry policy bounds its own calls; Lambda repeats an asynchronous one twice unless it is told."""
    [config] = of_type("AWS::Lambda::EventInvokeConfig").values()
    assert config["FunctionName"] == {"Ref": "SweepFunction"}
    assert (config["MaximumRetryAttempts"], config["MaximumEventAgeInSeconds"]) == (0, 60)


def test_the_stream_tells_of_job_records_only_and_gives_up_on_none_silently() -> None:
    mapping = mapping_of("NotifyFunction")
    [pattern] = mapping["FilterCriteria"]["Filters"]
    assert json.loads(pattern["Pattern"]) == {"dynamodb": {"Keys": {"sk": {"S": ["JOB"]}}}}
    assert mapping["StartingPosition"] == "TRIM_HORIZON"
    assert mapping["BisectBatchOnFunctionError"] is True
    assert mapping["MaximumRetryAttempts"] > 0
    assert mapping["MaximumRecordAgeInSeconds"] >= 60
    assert mapping["DestinationConfig"]["OnFailure"]["Destination"] == {"Fn::GetAtt": ["StreamDlq", "Arn"]}


def test_the_stream_tells_servers_of_every_settled_state_and_gives_up_late_and_not_silently() -> None:
    mapping = mapping_of("SettleFunction")
    [pattern] = mapping["FilterCriteria"]["Filters"]
    record = json.loads(pattern["Pattern"])["dynamodb"]
    assert record["Keys"] == {"sk": {"S": ["JOB"]}}
    assert set(record["NewImage"]["status"]["S"]) == SETTLED
    assert mapping["StartingPosition"] == "TRIM_HORIZON"
    assert mapping["BisectBatchOnFunctionError"] is True
    assert "FunctionResponseTypes" not in mapping, "it raises"
    notify = mapping_of("NotifyFunction")
    assert DAY / 2 == mapping["MaximumRecordAgeInSeconds"] > notify["MaximumRecordAgeInSeconds"]
    assert mapping["MaximumRetryAttempts"] > notify["MaximumRetryAttempts"]
    assert mapping["DestinationConfig"]["OnFailure"]["Destination"] == {"Fn::GetAtt": ["SettleDlq", "Arn"]}


def test_the_stream_has_no_more_than_two_readers() -> None:
    """DynamoDB throttles more of them: two processes at most should read from one shard."""
    readers = [
        mapping["FunctionName"]["Ref"]
        for mapping in of_type("AWS::Lambda::EventSourceMapping").values()
        if mapping["EventSourceArn"] == {"Fn::GetAtt": ["JobsTable", "StreamArn"]}
    ]
    assert sorted(readers) == ["NotifyFunction", "SettleFunction"]


def test_the_topic_is_encrypted_and_only_settle_publishes_there_over_tls() -> None:
    assert properties("DiveSettled")["KmsMasterKeyId"] == "alias/aws/sns"
    policy = properties("DiveSettledPolicy")
    assert policy["Topics"] == [{"Ref": "DiveSettled"}]
    denied = {statement["Sid"]: statement for statement in policy["PolicyDocument"]["Statement"]}
    assert set(denied) == {"TlsOnly", "NobodyElsePublishes"}
    for statement in denied.values():
        assert (statement["Effect"], statement["Principal"]) == ("Deny", "*")
        assert (statement["Action"], statement["Resource"]) == ("sns:Publish", {"Ref": "DiveSettled"})
    assert denied["TlsOnly"]["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    role = {"Fn::GetAtt": ["SettleRole", "Arn"]}
    assert denied["NobodyElsePublishes"]["Condition"] == {"ArnNotEquals": {"aws:PrincipalArn": role}}


def test_each_function_has_a_role_and_a_log_group_of_its_own() -> None:
    functions = of_type("AWS::Lambda::Function")
    assert set(functions) == set(HANDLERS)
    roles = [function["Role"]["Fn::GetAtt"][0] for function in functions.values()]
    assert len(set(roles)) == len(functions)
    assert set(roles) == set(of_type("AWS::IAM::Role")), "SAM made a role, and its policies are too wide"
    groups = [function["LoggingConfig"]["LogGroup"]["Ref"] for function in functions.values()]
    assert len(set(groups)) == len(functions)
    assert all("ManagedPolicyArns" not in role for role in of_type("AWS::IAM::Role").values())


@pytest.mark.parametrize("role", sorted(f"{name.removesuffix('Function')}Role" for name in HANDLERS))
def test_a_role_names_its_actions_and_resources(role: str) -> None:
    for statement in statements(role):
        actions = [statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"]
        assert not [action for action in actions if "*" in action]
        if statement["Resource"] == "*":
            assert statement["Sid"] == "Traces", "only X-Ray has no resources to name"


@pytest.mark.parametrize("bucket", ["UploadsBucket", "SiteBucket"])
def test_buckets_are_private_encrypted_and_tls_only(bucket: str) -> None:
    assert set(properties(bucket)["PublicAccessBlockConfiguration"].values()) == {True}
    assert properties(bucket)["BucketEncryption"]
    [tls] = [item for item in properties(f"{bucket}Policy")["PolicyDocument"]["Statement"] if item["Sid"] == "TlsOnly"]
    assert (tls["Effect"], tls["Principal"], tls["Action"]) == ("Deny", "*", "s3:*")
    assert tls["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_nobody_talks_to_a_queue_without_tls() -> None:
    guarded = set()
    for policy in of_type("AWS::SQS::QueuePolicy").values():
        [tls] = [item for item in policy["PolicyDocument"]["Statement"] if item["Sid"] == "TlsOnly"]
        assert (tls["Effect"], tls["Principal"], tls["Action"]) == ("Deny", "*", "sqs:*")
        assert tls["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
        guarded |= {queue["Ref"] for queue in policy["Queues"]}
    assert guarded == set(of_type("AWS::SQS::Queue"))


def test_a_queue_takes_messages_from_this_accounts_buckets_and_from_nobody_else_unasked() -> None:
    allowed = [
        item
        for policy in of_type("AWS::SQS::QueuePolicy").values()
        for item in policy["PolicyDocument"]["Statement"]
        if item["Effect"] == "Allow"
    ]
    assert [(item["Principal"], item["Action"]) for item in allowed] == [
        ({"Service": "s3.amazonaws.com"}, "sqs:SendMessage")
    ]
    assert allowed[0]["Condition"] == {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}


def test_the_sites_bucket_is_read_by_its_distribution_alone() -> None:
    [reads] = [
        item for item in properties("SiteBucketPolicy")["PolicyDocument"]["Statement"] if item["Effect"] == "Allow"
    ]
    assert (reads["Principal"], reads["Action"]) == ({"Service": "cloudfront.amazonaws.com"}, "s3:GetObject")
    assert "distribution/${Site}" in reads["Condition"]["StringEquals"]["aws:SourceArn"]["Fn::Sub"]
    assert all(item["Effect"] == "Deny" for item in properties("UploadsBucketPolicy")["PolicyDocument"]["Statement"])


def test_the_page_comes_with_a_strict_policy() -> None:
    config = properties("SiteHeaders")["ResponseHeadersPolicyConfig"]
    headers = config["SecurityHeadersConfig"]
    glue, parts = headers["ContentSecurityPolicy"]["ContentSecurityPolicy"]["Fn::Join"]
    policy = dict((part if isinstance(part, str) else part["Fn::Sub"]).split(" ", 1) for part in parts)
    assert glue == "; "
    for name in ("default-src", "base-uri", "form-action", "frame-ancestors"):
        assert policy[name] == "'none'"
    for name in ("script-src", "style-src", "font-src", "manifest-src"):
        assert policy[name] == "'self'"
    assert "unsafe" not in " ".join(policy.values())
    # Hosts by their kind and Region; the page's own policy narrows them to this stack's (divescore.stack.deploy.page).
    for host in policy["connect-src"].split()[1:]:
        assert re.fullmatch(r"(https|wss)://\*\.(execute-api|s3)\.\$\{AWS::Region\}\.\$\{AWS::URLSuffix\}", host)
    assert headers["FrameOptions"] == {"FrameOption": "DENY", "Override": True}
    assert headers["ReferrerPolicy"]["ReferrerPolicy"] == "no-referrer"
    assert headers["StrictTransportSecurity"]["AccessControlMaxAgeSec"] >= 31_536_000
    assert set(headers) >= {"ContentTypeOptions"}
    assert all(item["Override"] for item in [*headers.values(), *config["CustomHeadersConfig"]["Items"]])
    behavior = properties("Site")["DistributionConfig"]["DefaultCacheBehavior"]
    assert behavior["ResponseHeadersPolicyId"] == {"Ref": "SiteHeaders"}
    assert behavior["ViewerProtocolPolicy"] == "redirect-to-https"


def test_uploads_are_versioned_and_expire_with_their_old_versions() -> None:
    bucket = properties("UploadsBucket")
    assert bucket["VersioningConfiguration"]["Status"] == "Enabled"
    rules = {rule["Id"]: rule for rule in bucket["LifecycleConfiguration"]["Rules"]}
    expiry = rules["expire-videos"]
    assert expiry["ExpirationInDays"] == {"Ref": "RetentionDays"}
    assert expiry["NoncurrentVersionExpiration"]["NoncurrentDays"] == 1
    assert expiry["AbortIncompleteMultipartUpload"]["DaysAfterInitiation"] == 1
    [notification] = bucket["NotificationConfiguration"]["QueueConfigurations"]
    assert notification["Filter"]["S3Key"]["Rules"] == [{"Name": "prefix", "Value": "uploads/"}]


def test_renditions_expire_as_videos_do() -> None:
    rules = {rule["Id"]: rule for rule in properties("UploadsBucket")["LifecycleConfiguration"]["Rules"]}
    video, rendition = rules["expire-videos"], rules["expire-renditions"]
    for member in ("Status", "ExpirationInDays", "NoncurrentVersionExpiration"):
        assert rendition[member] == video[member]
    assert {rules[name]["Prefix"] for name in ("expire-renditions", "remove-rendition-markers")} == {"renditions/"}
    assert rules["remove-rendition-markers"]["ExpiredObjectDeleteMarker"] is True


def test_the_table_can_be_restored_expires_and_streams_both_images() -> None:
    table = properties("JobsTable")
    assert table["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert table["SSESpecification"] == {"SSEEnabled": True}
    assert table["TimeToLiveSpecification"] == {"AttributeName": "ttl", "Enabled": True}
    assert table["StreamSpecification"] == {"StreamViewType": "NEW_AND_OLD_IMAGES"}
    assert {index["IndexName"] for index in table["GlobalSecondaryIndexes"]} == {"open", "client"}


def test_the_apis_have_the_routes_of_the_design_and_throttles() -> None:
    http = {f"{m.upper()} {path}" for path, ms in properties("Api")["Body"]["paths"].items() for m in ms}
    assert http == {
        "POST /jobs",
        "POST /jobs/{jobId}/parts",
        "POST /jobs/{jobId}/complete",
        "GET /jobs/{jobId}",
        "GET /jobs/{jobId}/video",
        "POST /jobs/{jobId}/share",
        "PATCH /jobs/{jobId}",
        "PUT /jobs/{jobId}/marks",
        "DELETE /jobs/{jobId}",
        "GET /health",
    }
    live = {route["RouteKey"] for route in of_type("AWS::ApiGatewayV2::Route").values()}
    assert live == {"$connect", "$disconnect", *MESSAGES}
    throttles = [stage["DefaultRouteSettings"] for stage in of_type("AWS::ApiGatewayV2::Stage").values()]
    assert sorted(throttles, key=str) == [
        {"ThrottlingRateLimit": {"Ref": f"{api}Rate"}, "ThrottlingBurstLimit": {"Ref": f"{api}Burst"}}
        for api in ("Api", "Live")
    ]


def test_the_routes_of_messages_answer_with_what_the_function_returns() -> None:
    routes = of_type("AWS::ApiGatewayV2::Route")
    two_way = {name for name, route in routes.items() if route.get("RouteResponseSelectionExpression") == "$default"}
    assert {routes[name]["RouteKey"] for name in two_way} == MESSAGES
    answers = of_type("AWS::ApiGatewayV2::RouteResponse").values()
    assert {answer["RouteId"]["Ref"] for answer in answers} == two_way
    assert {(answer["ApiId"]["Ref"], answer["RouteResponseKey"]) for answer in answers} == {("Live", "$default")}


def test_only_the_page_may_call_the_api_from_a_browser() -> None:
    cors = properties("Api")["Body"]["x-amazon-apigateway-cors"]
    assert cors["allowOrigins"][0] == {"Fn::Sub": "https://${Site.DomainName}"}
    methods = {method.upper() for ways in properties("Api")["Body"]["paths"].values() for method in ways}
    assert set(cors["allowMethods"]) == methods
    assert cors["allowHeaders"] == ["authorization", "content-type", "idempotency-key"]
    assert "*" not in json.dumps(cors)


@pytest.mark.parametrize("function", HANDLERS)
def test_a_function_is_given_every_setting_that_it_reads(function: str) -> None:
    """And no other; so a default in the code would be a second place that nothing reads."""
    settings = SETTINGS[function].model_fields
    given = {name.lower() for name in properties(function)["Environment"]["Variables"]}
    assert {name for name in given if not name.startswith("powertools_")} - {"log_level"} == set(settings)
    assert all(field.is_required() for field in settings.values())


@pytest.mark.parametrize("function", HANDLERS)
def test_a_setting_that_is_missing_is_named(function: str, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = SETTINGS[function]
    for name in settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    with pytest.raises(ValidationError) as missing:
        settings()
    assert {error["loc"] for error in missing.value.errors()} == {(name,) for name in settings.model_fields}


def test_the_zip_functions_require_what_the_project_does() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert pins(ROOT / "functions/requirements.txt") == set(project["optional-dependencies"]["service"])


def test_the_worker_requires_what_the_project_does() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    allowed = {*extras["service"], *extras["worker"]} - {"divescore[service]"}
    required = pins(ROOT / "functions/worker/requirements.txt")
    assert set(extras["worker"]) - {"divescore[service]"} <= required <= allowed


def test_layer_and_image_hold_the_packages_that_the_local_zips_hold() -> None:
    makefile = (ROOT / "functions/layer/Makefile").read_text()
    assert f"for package in {' '.join(package.SHARED_PACKAGES)};" in makefile
    dockerfile = (ROOT / "functions/worker/Dockerfile").read_text()
    # What is compiled is copied into a stage of its own.
    copied = re.findall(r"^COPY src/divescore/(\w+) \$\{LAMBDA_TASK_ROOT\}", dockerfile, re.MULTILINE)
    assert copied == list(package.WORKER_PACKAGES)
    for text in (makefile, dockerfile):
        assert all(f"src/divescore/{module}" in text for module in package.SHARED_MODULES)
    assert f"cp {' '.join(package.FUNCTION_MODULES)} " in makefile
    assert all(f"functions/{module} " in dockerfile for module in package.FUNCTION_MODULES)


def pins(path: Path) -> set[str]:
    return {line for line in path.read_text().splitlines() if line and not line.startswith("#")}

"""In every Region a browser lets the published page reach what the functions hand it, and nothing else."""

from functools import cache

import pytest
from botocore.session import Session

from divescore.stack.deploy import browser
from divescore.stack.deploy.foreseen import Foreseen, partition_of
from divescore.stack.local import translate
from divescore.stack.local.checkout import project_root

HTML = "<!doctype html><html><head><title>Divescore</title></head></html>"
REGIONS = [*Session().get_available_regions("s3", "aws"), "cn-north-1", "us-gov-west-1"]


@cache
def template() -> translate.Template:
    return translate.read(project_root() / "template.yaml")


def foreseen(region: str, **parameters: str) -> Foreseen:
    return Foreseen(template(), region, "divescore", parameters)


@pytest.mark.parametrize("region", REGIONS)
def test_the_page_can_upload_and_play_and_ask(region: str) -> None:
    assert browser.problems(foreseen(region), HTML) == []


@pytest.mark.parametrize("region", REGIONS)
def test_forms_and_playback_go_to_the_address_that_the_template_names(region: str) -> None:
    stack = foreseen(region)
    urls = {what: url for what, _, url in browser.given_out(stack)}
    for what in ("an upload's form", "a playback address"):
        assert urls[what].startswith(f"{stack.output('UploadsUrl')}/")


def test_regions_of_other_partitions_have_their_own_names() -> None:
    assert partition_of("us-east-1") == ("aws", "amazonaws.com")
    assert partition_of("cn-north-1") == ("aws-cn", "amazonaws.com.cn")
    assert partition_of("us-gov-west-1") == ("aws-us-gov", "amazonaws.com")


def test_an_engine_in_the_environment_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:4580")
    assert browser.problems(foreseen("us-east-1"), HTML) == []


def test_a_further_origin_may_be_named() -> None:
    rules = template()["Resources"]["UploadsBucket"]["Properties"]["CorsConfiguration"]["CorsRules"]
    assert foreseen("eu-west-1").resolve(rules[0]["AllowedOrigins"]) == ["https://d111111abcdef8.cloudfront.net"]
    assert foreseen("eu-west-1", ExtraOrigin="http://localhost:5173").resolve(rules[0]["AllowedOrigins"]) == [
        "https://d111111abcdef8.cloudfront.net",
        "http://localhost:5173",
    ]


@pytest.mark.parametrize(
    ("text", "url", "may"),
    [
        ("connect-src 'self' https://*.s3.eu-west-1.amazonaws.com", "https://b.s3.eu-west-1.amazonaws.com/k", True),
        ("connect-src 'self' https://*.s3.eu-west-1.amazonaws.com", "https://b.s3.amazonaws.com/k", False),
        ("connect-src https://*.example.com", "https://example.com", False),
        ("connect-src https://example.com", "wss://example.com", False),
        ("connect-src 'none'", "https://example.com", False),
        ("default-src 'none'", "https://example.com", False),
        ("script-src 'self'", "https://example.com", True),
    ],
)
def test_a_policy_is_read_as_a_browser_reads_it(text: str, url: str, may: bool) -> None:
    assert browser.allows(browser.policy(text), browser.ASKS, url) is may


def test_what_does_not_fit_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    forged = translate.read(project_root() / "template.yaml")
    forged["Outputs"]["UploadsUrl"]["Value"] = {"Fn::Sub": "https://${UploadsBucket}.s3.${AWS::URLSuffix}"}
    forged["Outputs"]["SiteUrl"]["Value"] = "https://elsewhere.example"
    told = browser.problems(Foreseen(forged, "eu-west-1", "divescore", {}), HTML)
    assert [line.split(":")[0] for line in told] == [
        "The page's policy does not let the page use an upload's form (connect-src)",
        "The page's policy does not let the page use a playback address (media-src)",
        "A browser keeps answers of the uploads bucket from the page",
        "A browser keeps answers of the HTTP API from the page",
    ]

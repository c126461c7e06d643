"""What the template watches: alarms on what must be noticed, and a dashboard of figures that exist."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from divescore.stack.local.translate import read, resources

ROOT = Path(__file__).resolve().parents[2]
QUEUES = {"UploadsQueue", "ScoringQueue"}
DEAD_LETTERS = {"UploadsDlq", "ScoringDlq", "StreamDlq", "SettleDlq"}


@pytest.fixture(scope="module")
def template() -> dict[str, Any]:
    return read(ROOT / "template.yaml")


def watched(template: dict[str, Any], namespace: str, metric: str) -> set[str]:
    """The resources (or plain values) whose metric has an alarm."""
    found = set()
    for alarm in resources(template, "AWS::CloudWatch::Alarm").values():
        properties = alarm["Properties"]
        if (properties["Namespace"], properties["MetricName"]) == (namespace, metric):
            for dimension in properties["Dimensions"]:
                value = dimension["Value"]
                if isinstance(value, dict):
                    value = value["Ref"] if "Ref" in value else value["Fn::GetAtt"][0]
                found.add(value)
    return found


def test_what_must_be_noticed_has_an_alarm(template: dict[str, Any]) -> None:
    assert watched(template, "AWS/SQS", "ApproximateNumberOfMessagesVisible") == DEAD_LETTERS
    assert watched(template, "AWS/SQS", "ApproximateAgeOfOldestMessage") == QUEUES
    assert "WorkerFunction" in watched(template, "AWS/Lambda", "Errors")
    assert "WorkerFunction" in watched(template, "AWS/Lambda", "Throttles")
    assert watched(template, "Divescore", "Push_failed") == {"notify"}
    assert watched(template, "AWS/Lambda", "IteratorAge") == {"SettleFunction"}


def test_every_alarm_can_reach_somebody_and_says_what_to_do(template: dict[str, Any]) -> None:
    for alarm in resources(template, "AWS::CloudWatch::Alarm").values():
        properties = alarm["Properties"]
        assert properties["AlarmActions"]["Fn::If"][:2] == ["HasAlarmTopic", [{"Ref": "AlarmTopic"}]]
        assert properties["AlarmDescription"].endswith((".", "?"))
        assert properties["TreatMissingData"] == "notBreaching"


def test_the_dashboard_shows_figures_that_the_code_writes(template: dict[str, Any]) -> None:
    text = template["Resources"]["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"]
    widgets = json.loads(text)["widgets"]
    names = set(re.findall(r'MetricName=\\"(\w+)\\"', text))
    for widget in widgets:
        names |= {metric[1] for metric in widget["properties"]["metrics"] if metric[0] == "Divescore"}
    written = "".join(
        path.read_text() for folder in ("functions", "src/divescore") for path in (ROOT / folder).rglob("*.py")
    )
    for name in names:
        literal = f'"{name}"' in written
        composed = "_" in name and f'f"{name.split("_")[0]}_{{' in written
        assert literal or composed, f"nobody writes {name}"
    assert {"Accepted", "Rejected", "Retried", "TakenOver", "Failed", "QueueAge", "StageSeconds"} <= names


def test_no_two_widgets_lie_on_each_other(template: dict[str, Any]) -> None:
    text = template["Resources"]["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"]
    places = [(widget["x"], widget["y"]) for widget in json.loads(text)["widgets"]]
    assert len(set(places)) == len(places)


def test_names_in_the_dashboard_are_resources(template: dict[str, Any]) -> None:
    text = template["Resources"]["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"]
    names = {name.split(".")[0] for name in re.findall(r"\$\{([\w.:]+)\}", text) if not name.startswith("AWS::")}
    assert names <= set(template["Resources"])

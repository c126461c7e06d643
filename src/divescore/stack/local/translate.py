"""template.yaml as CloudFormation: read it, and expand SAM's resources as AWS does at deployment."""

from pathlib import Path
from typing import Any

from divescore.stack.local_state import REGION

Template = dict[str, Any]


def read(path: Path) -> Template:
    """The template with its short tags (`!Ref`) in their long form (`{"Ref": …}`)."""
    from samtranslator.yaml_helper import yaml_parse

    template: Template = yaml_parse(path.read_text())
    return template


def expand(template: Template, parameters: dict[str, str]) -> Template:
    """Replace SAM's resources by CloudFormation's; code must be in S3 by now. `parameters` override the defaults."""
    import boto3
    from samtranslator.parser.parser import Parser
    from samtranslator.translator.translator import Translator

    translator = Translator({}, Parser(), boto_session=boto3.Session(region_name=REGION))
    expanded: Template = translator.translate(template, parameter_values=dict(parameters))
    return expanded


def resources(template: Template, kind: str) -> dict[str, dict[str, Any]]:
    """The template's resources of one type: logical id → resource."""
    return {name: resource for name, resource in template["Resources"].items() if resource["Type"] == kind}

"""What AWS would enforce or a careless edit would lose: the template's safety properties."""

from pathlib import Path
from typing import Any

import pytest
import yaml

_TEMPLATE = Path(__file__).parents[2] / "lambdas" / "template.yaml"


class _Loader(yaml.SafeLoader):
    """Reads CloudFormation's short functions as {name: argument}."""


def _function(loader: _Loader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    if isinstance(node, yaml.ScalarNode):
        return {suffix: loader.construct_scalar(node)}
    if isinstance(node, yaml.SequenceNode):
        return {suffix: loader.construct_sequence(node, deep=True)}
    assert isinstance(node, yaml.MappingNode)
    return {suffix: loader.construct_mapping(node, deep=True)}


_Loader.add_multi_constructor("!", _function)


@pytest.fixture(scope="module")
def template() -> dict[str, Any]:
    text = _TEMPLATE.read_text(encoding="utf-8")
    loaded: dict[str, Any] = yaml.load(text, Loader=_Loader)  # noqa: S506 - it is a SafeLoader
    return loaded


@pytest.fixture(scope="module")
def resources(template: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = template["Resources"]
    return found


def _properties(resources: dict[str, Any], name: str) -> dict[str, Any]:
    found: dict[str, Any] = resources[name]["Properties"]
    return found


def test_uploads_are_private_encrypted_versioned_and_kept(resources: dict[str, Any]) -> None:
    bucket = _properties(resources, "UploadBucket")
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    assert len(bucket["PublicAccessBlockConfiguration"]) == 4
    assert bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}
    assert bucket["CorsConfiguration"]["CorsRules"][0]["AllowedMethods"] == ["POST"]
    assert {rule["Status"] for rule in bucket["LifecycleConfiguration"]["Rules"]} == {"Enabled"}


def test_nothing_holding_data_goes_with_the_stack(resources: dict[str, Any]) -> None:
    for name in ("UploadBucket", "RenditionBucket", "UploadDeadLetters"):
        assert resources[name]["DeletionPolicy"] == resources[name]["UpdateReplacePolicy"] == "Retain"


def test_plain_http_is_refused(resources: dict[str, Any]) -> None:
    (statement,) = _properties(resources, "UploadBucketPolicy")["PolicyDocument"]["Statement"]
    assert (statement["Effect"], statement["Principal"], statement["Action"]) == ("Deny", "*", "s3:*")
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_renditions_are_public_only_when_asked_for_and_only_to_get(
    template: dict[str, Any], resources: dict[str, Any]
) -> None:
    assert template["Parameters"]["AllowPublicRenditions"]["Default"] == "false"
    assert resources["RenditionBucketPolicy"]["Condition"] == "PublicRenditions"
    (statement,) = _properties(resources, "RenditionBucketPolicy")["PolicyDocument"]["Statement"]
    assert statement["Action"] == "s3:GetObject"
    block = _properties(resources, "RenditionBucket")["PublicAccessBlockConfiguration"]
    assert block["BlockPublicAcls"] is block["IgnorePublicAcls"] is True
    for name in ("BlockPublicPolicy", "RestrictPublicBuckets"):
        assert block[name] == {"If": ["PublicRenditions", False, True]}


def test_the_function_cannot_trigger_itself(resources: dict[str, Any]) -> None:
    configuration = _properties(resources, "UploadBucket")["NotificationConfiguration"]
    (notification,) = configuration["QueueConfigurations"]
    assert notification["Filter"]["S3Key"]["Rules"] == [{"Name": "prefix", "Value": "uploads/"}]
    assert "NotificationConfiguration" not in _properties(resources, "RenditionBucket")


def test_messages_outlive_the_function_and_end_among_dead_letters(resources: dict[str, Any]) -> None:
    queue, function = _properties(resources, "UploadQueue"), _properties(resources, "RegisterImage")
    assert queue["VisibilityTimeout"] >= 6 * function["Timeout"]
    assert function["Timeout"] <= 900
    assert queue["RedrivePolicy"]["deadLetterTargetArn"] == {"GetAtt": "UploadDeadLetters.Arn"}
    assert 3 <= queue["RedrivePolicy"]["maxReceiveCount"] <= 10
    dead_letters = _properties(resources, "UploadDeadLetters")
    assert dead_letters["MessageRetentionPeriod"] > queue["MessageRetentionPeriod"]
    assert queue["SqsManagedSseEnabled"] is dead_letters["SqsManagedSseEnabled"] is True


def test_the_event_source_reports_failed_items_and_is_bounded(resources: dict[str, Any]) -> None:
    source = _properties(resources, "RegisterImage")["Events"]["Uploads"]["Properties"]
    assert source["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert source["ScalingConfig"] == {"MaximumConcurrency": 2}
    assert source["BatchSize"] <= 10


def test_only_the_upload_bucket_may_send(resources: dict[str, Any]) -> None:
    assert resources["UploadBucket"]["DependsOn"] == "UploadQueuePolicy"
    (statement,) = _properties(resources, "UploadQueuePolicy")["PolicyDocument"]["Statement"]
    assert statement["Principal"] == {"Service": "s3.amazonaws.com"}
    assert statement["Action"] == "sqs:SendMessage"
    assert "aws:SourceAccount" in statement["Condition"]["StringEquals"]
    assert "${UploadBucketName}" in statement["Condition"]["ArnEquals"]["aws:SourceArn"]["Sub"]


def test_the_role_has_no_wildcards(resources: dict[str, Any]) -> None:
    role = _properties(resources, "RegisterImageRole")
    assert "ManagedPolicyArns" not in role
    (policy,) = role["Policies"]
    statements = policy["PolicyDocument"]["Statement"]
    for statement in statements:
        assert "*" not in "".join(statement["Action"])
        assert statement["Resource"] != "*"
    writes = next(s for s in statements if s["Sid"] == "WriteRenditions")
    assert "${RenditionBucketName}" in writes["Resource"]["Sub"]
    uploads = next(s for s in statements if s["Sid"] == "ReadAndRemoveUploads")
    assert "s3:PutObject" not in uploads["Action"]


def test_the_token_is_never_shown_and_has_no_default(template: dict[str, Any]) -> None:
    token = template["Parameters"]["ServiceToken"]
    assert token["NoEcho"] is True
    assert "Default" not in token
    assert not any("Token" in name for name in template["Outputs"])


def test_tls_is_what_happens_unless_said_otherwise(template: dict[str, Any]) -> None:
    for name in ("ServiceTls", "RequireTls"):
        assert template["Parameters"][name]["Default"] == "true"

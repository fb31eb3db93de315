"""Safety properties of the template that AWS enforces or that a careless edit could remove."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from lambdas.register_image.verify import DECODE_SECONDS

_TEMPLATE = Path(__file__).parents[2] / "lambdas" / "template.yaml"


# The queue, its dead-letter queue, and its function.
FUNCTIONS = [
    pytest.param("UploadQueue", "UploadDeadLetters", "RegisterImage", id="register_image"),
    pytest.param("RemovalQueue", "RemovalDeadLetters", "ForgetImage", id="forget_image"),
]


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


def _statements(resources: dict[str, Any], function: str) -> list[dict[str, Any]]:
    (policy,) = _properties(resources, f"{function}Role")["Policies"]
    found: list[dict[str, Any]] = policy["PolicyDocument"]["Statement"]
    return found


def test_uploads_are_private_encrypted_and_versioned(resources: dict[str, Any]) -> None:
    bucket = _properties(resources, "UploadBucket")
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    assert len(bucket["PublicAccessBlockConfiguration"]) == 4
    assert bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}
    assert bucket["CorsConfiguration"]["CorsRules"][0]["AllowedMethods"] == ["POST"]
    assert {rule["Status"] for rule in bucket["LifecycleConfiguration"]["Rules"]} == {"Enabled"}


def test_deleting_the_stack_deletes_no_data(resources: dict[str, Any]) -> None:
    for name in ("UploadBucket", "RenditionBucket", "UploadDeadLetters", "RemovalDeadLetters"):
        assert resources[name]["DeletionPolicy"] == resources[name]["UpdateReplacePolicy"] == "Retain"


def test_plain_http_is_refused(resources: dict[str, Any]) -> None:
    (statement,) = _properties(resources, "UploadBucketPolicy")["PolicyDocument"]["Statement"]
    assert (statement["Effect"], statement["Principal"], statement["Action"]) == ("Deny", "*", "s3:*")
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_renditions_are_public_only_on_request_and_only_for_reading(
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
    by_queue = {json.dumps(n["Queue"]): n for n in configuration["QueueConfigurations"]}
    assert {queue: notification["Event"] for queue, notification in by_queue.items()} == {
        '{"GetAtt": "UploadQueue.Arn"}': "s3:ObjectCreated:*",
        '{"GetAtt": "RemovalQueue.Arn"}': "s3:ObjectRemoved:*",
    }
    for notification in by_queue.values():
        assert notification["Filter"]["S3Key"]["Rules"] == [{"Name": "prefix", "Value": "uploads/"}]
    assert "NotificationConfiguration" not in _properties(resources, "RenditionBucket")


@pytest.mark.parametrize(("name", "letters", "function"), FUNCTIONS)
def test_messages_are_visible_again_after_the_timeout_and_become_dead_letters(
    resources: dict[str, Any], name: str, letters: str, function: str
) -> None:
    queue, runs = _properties(resources, name), _properties(resources, function)
    assert queue["VisibilityTimeout"] >= 6 * runs["Timeout"]
    assert runs["Timeout"] <= 900
    assert queue["RedrivePolicy"]["deadLetterTargetArn"] == {"GetAtt": f"{letters}.Arn"}
    assert 3 <= queue["RedrivePolicy"]["maxReceiveCount"] <= 10
    dead_letters = _properties(resources, letters)
    assert dead_letters["MessageRetentionPeriod"] > queue["MessageRetentionPeriod"]
    assert queue["SqsManagedSseEnabled"] is dead_letters["SqsManagedSseEnabled"] is True


@pytest.mark.parametrize(("name", "letters", "function"), FUNCTIONS)
def test_dead_letters_raise_an_alarm(resources: dict[str, Any], name: str, letters: str, function: str) -> None:
    del name, function
    alarm = _properties(resources, f"{letters}Alarm")
    assert alarm["Dimensions"] == [{"Name": "QueueName", "Value": {"GetAtt": f"{letters}.QueueName"}}]
    assert (alarm["MetricName"], alarm["Statistic"]) == ("ApproximateNumberOfMessagesVisible", "Maximum")
    assert (alarm["Threshold"], alarm["ComparisonOperator"]) == (0, "GreaterThanThreshold")


@pytest.mark.parametrize(("name", "letters", "function"), FUNCTIONS)
def test_the_event_source_reports_failed_items_and_is_bounded(
    resources: dict[str, Any], name: str, letters: str, function: str
) -> None:
    del letters
    (source,) = [event["Properties"] for event in _properties(resources, function)["Events"].values()]
    assert source["Queue"] == {"GetAtt": f"{name}.Arn"}
    assert source["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert source["ScalingConfig"] == {"MaximumConcurrency": 2}
    assert source["BatchSize"] <= 10


def test_a_batch_of_slow_images_ends_within_the_timeout(resources: dict[str, Any]) -> None:
    function = _properties(resources, "RegisterImage")
    assert function["Timeout"] >= (DECODE_SECONDS + 8) * function["Events"]["Uploads"]["Properties"]["BatchSize"]


@pytest.mark.parametrize(("name", "letters", "function"), FUNCTIONS)
def test_only_the_upload_bucket_may_send(resources: dict[str, Any], name: str, letters: str, function: str) -> None:
    del letters, function
    assert f"{name}Policy" in resources["UploadBucket"]["DependsOn"]
    policy = _properties(resources, f"{name}Policy")
    assert policy["Queues"] == [{"Ref": name}]
    (statement,) = policy["PolicyDocument"]["Statement"]
    assert statement["Resource"] == {"GetAtt": f"{name}.Arn"}
    assert statement["Principal"] == {"Service": "s3.amazonaws.com"}
    assert statement["Action"] == "sqs:SendMessage"
    assert "aws:SourceAccount" in statement["Condition"]["StringEquals"]
    assert "${UploadBucketName}" in statement["Condition"]["ArnEquals"]["aws:SourceArn"]["Sub"]


@pytest.mark.parametrize("function", ["RegisterImage", "ForgetImage"])
def test_no_role_has_wildcards(resources: dict[str, Any], function: str) -> None:
    role = _properties(resources, f"{function}Role")
    assert _properties(resources, function)["Role"] == {"GetAtt": f"{function}Role.Arn"}
    assert "ManagedPolicyArns" not in role
    statements = _statements(resources, function)
    assert statements
    for statement in statements:
        assert "*" not in "".join(statement["Action"])
        assert statement["Resource"] != "*"


def test_each_role_has_only_the_permissions_that_its_function_needs(resources: dict[str, Any]) -> None:
    by_name = {statement["Sid"]: statement for statement in _statements(resources, "RegisterImage")}
    assert "${RenditionBucketName}" in by_name["WriteRenditions"]["Resource"]["Sub"]
    assert "s3:PutObject" not in by_name["ReadAndRemoveUploads"]["Action"]
    assert by_name["ReceiveFromQueue"]["Resource"] == {"GetAtt": "UploadQueue.Arn"}
    actions = {
        action
        for statement in _statements(resources, "ForgetImage")
        for action in ([statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"])
    }
    assert {action for action in actions if action.startswith("s3:")} == {"s3:GetObject", "s3:ListBucket"}
    assert "RenditionBucketName" not in json.dumps(_statements(resources, "ForgetImage"))


def test_the_token_is_not_displayed_and_has_no_default(template: dict[str, Any]) -> None:
    token = template["Parameters"]["ServiceToken"]
    assert token["NoEcho"] is True
    assert "Default" not in token
    assert not any("Token" in name for name in template["Outputs"])


def test_tls_is_the_default(template: dict[str, Any]) -> None:
    for name in ("ServiceTls", "RequireTls"):
        assert template["Parameters"][name]["Default"] == "true"

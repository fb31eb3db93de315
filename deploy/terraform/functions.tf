data "aws_iam_policy_document" "assume" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["lambda.amazonaws.com"]
    }
  }
}

data "aws_iam_policy_document" "register_image" {
  statement {
    sid = "ReadAndRemoveUploads"
    actions = [
      "s3:DeleteObject",
      "s3:DeleteObjectVersion",
      "s3:GetObject",
      "s3:GetObjectVersion",
    ]
    resources = ["${aws_s3_bucket.uploads.arn}/uploads/*"]
  }

  # Without this permission S3 answers 403 for a missing object, as it does for a missing permission.
  statement {
    sid       = "DistinguishMissingFromForbidden"
    actions   = ["s3:ListBucket"]
    resources = [aws_s3_bucket.uploads.arn]
  }

  statement {
    sid       = "WriteRenditions"
    actions   = ["s3:DeleteObject", "s3:PutObject"]
    resources = ["${aws_s3_bucket.renditions.arn}/*"]
  }
}

data "aws_iam_policy_document" "forget_image" {
  # HeadObject needs this permission; the function never reads an object.
  statement {
    sid       = "HeadUploads"
    actions   = ["s3:GetObject"]
    resources = ["${aws_s3_bucket.uploads.arn}/uploads/*"]
  }

  statement {
    sid       = "DistinguishMissingFromForbidden"
    actions   = ["s3:ListBucket"]
    resources = [aws_s3_bucket.uploads.arn]
  }
}

data "aws_iam_policy_document" "runtime" {
  for_each = local.functions

  statement {
    sid = "ReceiveFromQueue"
    actions = [
      "sqs:ChangeMessageVisibility",
      "sqs:DeleteMessage",
      "sqs:GetQueueAttributes",
      "sqs:ReceiveMessage",
    ]
    resources = [aws_sqs_queue.work[each.key].arn]
  }

  statement {
    sid       = "WriteLogs"
    actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = ["${aws_cloudwatch_log_group.this[each.key].arn}:*"]
  }
}

resource "aws_iam_role" "this" {
  for_each = local.functions

  name               = "${var.name}-${each.key}"
  assume_role_policy = data.aws_iam_policy_document.assume.json
}

resource "aws_iam_role_policy" "images" {
  for_each = local.functions

  name   = "images"
  role   = aws_iam_role.this[each.key].id
  policy = each.value.policy
}

resource "aws_iam_role_policy" "runtime" {
  for_each = local.functions

  name   = "runtime"
  role   = aws_iam_role.this[each.key].id
  policy = data.aws_iam_policy_document.runtime[each.key].json
}

resource "aws_cloudwatch_log_group" "this" {
  for_each = local.functions

  name              = "/aws/lambda/${var.name}-${each.key}"
  retention_in_days = 30
}

resource "aws_lambda_function" "this" {
  for_each   = local.functions
  depends_on = [aws_iam_role_policy.images, aws_iam_role_policy.runtime]

  function_name    = "${var.name}-${each.key}"
  description      = each.value.description
  role             = aws_iam_role.this[each.key].arn
  filename         = var.code_zip
  source_code_hash = filebase64sha256(var.code_zip)
  handler          = each.value.handler
  runtime          = "python3.13"
  architectures    = [var.architecture]
  memory_size      = each.value.memory
  timeout          = each.value.timeout

  environment {
    variables = merge(each.value.environment, {
      MARQUEE_SERVICE_ADDRESS = var.service_address
      MARQUEE_SERVICE_TOKEN   = var.service_token
      MARQUEE_SERVICE_TLS     = "true"
    })
  }

  logging_config {
    log_format = "Text" # The functions format their lines as JSON.
    log_group  = aws_cloudwatch_log_group.this[each.key].name
  }
}

resource "aws_lambda_event_source_mapping" "this" {
  for_each   = local.functions
  depends_on = [aws_iam_role_policy.runtime]

  event_source_arn        = aws_sqs_queue.work[each.key].arn
  function_name           = aws_lambda_function.this[each.key].arn
  batch_size              = 2
  function_response_types = ["ReportBatchItemFailures"]

  scaling_config {
    maximum_concurrency = 2
  }
}

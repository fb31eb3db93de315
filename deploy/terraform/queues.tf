data "aws_caller_identity" "current" {}

locals {
  functions = {
    register-image = {
      event       = "s3:ObjectCreated:*"
      handler     = "lambdas.register_image.handler.handler"
      description = "Verifies an uploaded picture, makes its renditions and registers it."
      memory      = 1769 # One whole processor; a decode may take up to 512 MB of it.
      timeout     = 60
      environment = { MARQUEE_RENDITION_BUCKET = var.rendition_bucket }
      policy      = data.aws_iam_policy_document.register_image.json
    }
    forget-image = {
      event       = "s3:ObjectRemoved:*"
      handler     = "lambdas.forget_image.handler.handler"
      description = "Tells the media service that an upload was removed from storage."
      memory      = 256
      timeout     = 30
      environment = {}
      policy      = data.aws_iam_policy_document.forget_image.json
    }
  }
}

resource "aws_sqs_queue" "dead_letters" {
  for_each = local.functions

  name                      = "${var.name}-${each.key}-dead-letters"
  message_retention_seconds = 1209600
  sqs_managed_sse_enabled   = true
}

resource "aws_sqs_queue" "work" {
  for_each = local.functions

  name = "${var.name}-${each.key}"
  # Six times the function's timeout, as Lambda asks for, so a message under work is not handed out again.
  visibility_timeout_seconds = 6 * each.value.timeout
  message_retention_seconds  = 345600
  receive_wait_time_seconds  = 20
  sqs_managed_sse_enabled    = true

  redrive_policy = jsonencode({
    deadLetterTargetArn = aws_sqs_queue.dead_letters[each.key].arn
    maxReceiveCount     = 5
  })
}

resource "aws_sqs_queue_redrive_allow_policy" "this" {
  for_each = local.functions

  queue_url = aws_sqs_queue.dead_letters[each.key].id

  redrive_allow_policy = jsonencode({
    redrivePermission = "byQueue"
    sourceQueueArns   = [aws_sqs_queue.work[each.key].arn]
  })
}

data "aws_iam_policy_document" "queue" {
  for_each = local.functions

  statement {
    sid       = "UploadBucketMaySend"
    actions   = ["sqs:SendMessage"]
    resources = [aws_sqs_queue.work[each.key].arn]

    principals {
      type        = "Service"
      identifiers = ["s3.amazonaws.com"]
    }

    condition {
      test     = "ArnEquals"
      variable = "aws:SourceArn"
      values   = [aws_s3_bucket.uploads.arn]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [data.aws_caller_identity.current.account_id]
    }
  }
}

resource "aws_sqs_queue_policy" "this" {
  for_each = local.functions

  queue_url = aws_sqs_queue.work[each.key].id
  policy    = data.aws_iam_policy_document.queue[each.key].json
}

resource "aws_cloudwatch_metric_alarm" "dead_letters" {
  for_each = local.functions

  alarm_name          = "${var.name}-${each.key}-dead-letters"
  alarm_description   = "Messages could not be handled; \"marquee media dead-letters list\" tells which."
  namespace           = "AWS/SQS"
  metric_name         = "ApproximateNumberOfMessagesVisible"
  dimensions          = { QueueName = aws_sqs_queue.dead_letters[each.key].name }
  statistic           = "Maximum"
  period              = 300
  evaluation_periods  = 1
  threshold           = 0
  comparison_operator = "GreaterThanThreshold"
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.alarm_topic == "" ? [] : [var.alarm_topic]
}

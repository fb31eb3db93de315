data "aws_caller_identity" "current" {}

locals {
  functions = {
    register-image = {
      event       = "s3:ObjectCreated:*"
      handler     = "lambdas.register_image.handler.handler"
      description = "Verifies an uploaded image, creates its renditions and registers it."
      memory      = 1769 # Gives the function one whole processor. Decoding may use up to 512 MB.
      timeout     = 60
      environment = { MARQUEE_RENDITION_BUCKET = var.rendition_bucket }
      policy      = data.aws_iam_policy_document.register_image.json
    }
    forget-image = {
      event       = "s3:ObjectRemoved:*"
      handler     = "lambdas.forget_image.handler.handler"
      description = "Reports to the media service that an upload was removed from the storage."
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
  # Six times the timeout of the function, as AWS recommends, so that SQS does not deliver a message twice while the
  # function processes it.
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
    sid       = "AllowUploadBucketToSend"
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
  alarm_description   = "Messages could not be processed; \"marquee media dead-letters list\" shows them."
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

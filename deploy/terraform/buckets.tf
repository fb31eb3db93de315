# The buckets for uploads and renditions. Uploads are versioned, so that a result never applies to a later upload under
# the same key.

resource "aws_s3_bucket" "uploads" {
  bucket = var.upload_bucket

  lifecycle {
    prevent_destroy = true
  }
}

resource "aws_s3_bucket" "renditions" {
  bucket = var.rendition_bucket

  lifecycle {
    prevent_destroy = true
  }
}

locals {
  buckets = {
    uploads    = aws_s3_bucket.uploads
    renditions = aws_s3_bucket.renditions
  }
}

resource "aws_s3_bucket_public_access_block" "this" {
  for_each = local.buckets

  bucket                  = each.value.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_ownership_controls" "this" {
  for_each = local.buckets

  bucket = each.value.id

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "this" {
  for_each = local.buckets

  bucket = each.value.id

  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm = "AES256"
    }
  }
}

resource "aws_s3_bucket_versioning" "uploads" {
  bucket = aws_s3_bucket.uploads.id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_cors_configuration" "uploads" {
  bucket = aws_s3_bucket.uploads.id

  cors_rule {
    allowed_methods = ["POST"]
    allowed_origins = var.upload_origins
    allowed_headers = ["*"]
    max_age_seconds = 3600
  }
}

# Deletes replaced and removed objects that the service's own sweep missed.
resource "aws_s3_bucket_lifecycle_configuration" "uploads" {
  depends_on = [aws_s3_bucket_versioning.uploads]

  bucket = aws_s3_bucket.uploads.id

  rule {
    id     = "drop-replaced-versions"
    status = "Enabled"

    filter {}

    noncurrent_version_expiration {
      noncurrent_days = 7
    }

    expiration {
      expired_object_delete_marker = true
    }
  }

  rule {
    id     = "drop-unfinished-uploads"
    status = "Enabled"

    filter {}

    abort_incomplete_multipart_upload {
      days_after_initiation = 1
    }
  }
}

data "aws_iam_policy_document" "uploads" {
  statement {
    sid       = "DenyPlainHttp"
    effect    = "Deny"
    actions   = ["s3:*"]
    resources = [aws_s3_bucket.uploads.arn, "${aws_s3_bucket.uploads.arn}/*"]

    principals {
      type        = "*"
      identifiers = ["*"]
    }

    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = ["false"]
    }
  }
}

resource "aws_s3_bucket_policy" "uploads" {
  depends_on = [aws_s3_bucket_public_access_block.this]

  bucket = aws_s3_bucket.uploads.id
  policy = data.aws_iam_policy_document.uploads.json
}

# The functions write to the other bucket, so they do not trigger themselves.
resource "aws_s3_bucket_notification" "uploads" {
  # S3 checks that it may send to the queues when the notification is created.
  depends_on = [aws_sqs_queue_policy.this]

  bucket = aws_s3_bucket.uploads.id

  dynamic "queue" {
    for_each = local.functions

    content {
      id            = queue.key
      queue_arn     = aws_sqs_queue.work[queue.key].arn
      events        = [queue.value.event]
      filter_prefix = "uploads/"
    }
  }
}

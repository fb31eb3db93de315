# Only CloudFront serves the renditions to the public. It signs its requests to the bucket.

resource "aws_cloudfront_origin_access_control" "renditions" {
  name                              = "${var.name}-renditions"
  origin_access_control_origin_type = "s3"
  signing_behavior                  = "always"
  signing_protocol                  = "sigv4"
}

data "aws_cloudfront_cache_policy" "optimized" {
  name = "Managed-CachingOptimized"
}

data "aws_cloudfront_response_headers_policy" "security" {
  name = "Managed-SecurityHeadersPolicy"
}

resource "aws_cloudfront_distribution" "renditions" {
  enabled         = true
  is_ipv6_enabled = true
  http_version    = "http2and3"
  comment         = "${var.name}: renditions"
  price_class     = "PriceClass_100"

  origin {
    origin_id                = "renditions"
    domain_name              = aws_s3_bucket.renditions.bucket_regional_domain_name
    origin_access_control_id = aws_cloudfront_origin_access_control.renditions.id
  }

  # The cache policy follows the headers of the origin. Renditions are immutable, because their name contains their
  # hash.
  default_cache_behavior {
    target_origin_id           = "renditions"
    allowed_methods            = ["GET", "HEAD"]
    cached_methods             = ["GET", "HEAD"]
    viewer_protocol_policy     = "redirect-to-https"
    cache_policy_id            = data.aws_cloudfront_cache_policy.optimized.id
    response_headers_policy_id = data.aws_cloudfront_response_headers_policy.security.id
  }

  restrictions {
    geo_restriction {
      restriction_type = "none"
    }
  }

  viewer_certificate {
    cloudfront_default_certificate = true
  }
}

data "aws_iam_policy_document" "renditions" {
  statement {
    sid       = "AllowCdnToGetRenditions"
    actions   = ["s3:GetObject"]
    resources = ["${aws_s3_bucket.renditions.arn}/*"]

    principals {
      type        = "Service"
      identifiers = ["cloudfront.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "AWS:SourceArn"
      values   = [aws_cloudfront_distribution.renditions.arn]
    }
  }
}

resource "aws_s3_bucket_policy" "renditions" {
  depends_on = [aws_s3_bucket_public_access_block.this]

  bucket = aws_s3_bucket.renditions.id
  policy = data.aws_iam_policy_document.renditions.json
}

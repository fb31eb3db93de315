output "media_base_url" {
  description = "Base of rendition URLs; set the service's MARQUEE_MEDIA_BASE_URL to it."
  value       = "https://${aws_cloudfront_distribution.renditions.domain_name}"
}

output "queue_urls" {
  description = "URL of the queue of each function."
  value       = { for name, queue in aws_sqs_queue.work : name => queue.id }
}

output "dead_letter_queue_urls" {
  description = "URL of the dead-letter queue of each function."
  value       = { for name, queue in aws_sqs_queue.dead_letters : name => queue.id }
}

output "function_names" {
  description = "Name of each function."
  value       = { for name, function in aws_lambda_function.this : name => function.function_name }
}

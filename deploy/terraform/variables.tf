variable "name" {
  description = "Prefix of the names of queues, functions and roles."
  type        = string
  default     = "marquee"
}

variable "upload_bucket" {
  description = "Name of the private bucket for uploads."
  type        = string
}

variable "rendition_bucket" {
  description = "Name of the bucket for renditions; only the CDN reads it."
  type        = string
}

variable "upload_origins" {
  description = "Web origins that may POST to the upload bucket. Access is granted by the signed form, not by the origin."
  type        = list(string)
  default     = ["*"]
}

variable "code_zip" {
  description = "Path of the zip of the functions, as lambdas/build.py prints it."
  type        = string
}

variable "architecture" {
  description = "Processor that the zip was built for."
  type        = string
  default     = "arm64"

  validation {
    condition     = contains(["arm64", "x86_64"], var.architecture)
    error_message = "The architecture must be arm64 or x86_64."
  }
}

variable "service_address" {
  description = "Address (host:port) of the media service, reachable from the functions."
  type        = string
}

variable "service_token" {
  description = "Bearer token with the service role and the scope media.register. The state contains it: encrypt the state."
  type        = string
  sensitive   = true
}

variable "alarm_topic" {
  description = "ARN of the SNS topic that receives an alarm when a message reaches a dead-letter queue; empty for none."
  type        = string
  default     = ""
}

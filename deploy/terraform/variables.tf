variable "name" {
  description = "What the names of queues, functions and roles begin with."
  type        = string
  default     = "marquee"
}

variable "upload_bucket" {
  description = "Private bucket that clients upload into."
  type        = string
}

variable "rendition_bucket" {
  description = "Bucket that holds the renditions; only the CDN reads it."
  type        = string
}

variable "upload_origins" {
  description = "Web origins that may POST to the upload bucket. The signed form is what grants access, not the origin."
  type        = list(string)
  default     = ["*"]
}

variable "code_zip" {
  description = "Path of the functions' zip, as lambdas/build.py prints it."
  type        = string
}

variable "architecture" {
  description = "Processor the zip was built for."
  type        = string
  default     = "arm64"

  validation {
    condition     = contains(["arm64", "x86_64"], var.architecture)
    error_message = "The architecture is arm64 or x86_64."
  }
}

variable "service_address" {
  description = "host:port of the media service, as the functions reach it."
  type        = string
}

variable "service_token" {
  description = "Bearer token of the service role with the scope media.register. It stands in the state: encrypt that."
  type        = string
  sensitive   = true
}

variable "alarm_topic" {
  description = "ARN of the SNS topic that is told when a message ends among the dead letters; empty for none."
  type        = string
  default     = ""
}

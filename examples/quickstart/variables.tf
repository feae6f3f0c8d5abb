variable "secret_id" {
  type        = string
  description = "ARN or name of the secret. It has its first value."
}

variable "rotation_lambda_arn" {
  type        = string
  description = "ARN of the rotation function."
}

variable "rotation_type" {
  type        = string
  description = "What the function is made for; null if it is none of the known types."
  default     = "PostgreSQLSingleUser"
}

variable "schedule_expression" {
  type        = string
  description = "When the secret rotates: rate() or cron(), in UTC."
  default     = "cron(0 4 ? * SUN *)"
}

variable "duration" {
  type        = string
  description = "Length of the rotation window in hours."
  default     = "3h"
}

variable "secret_id" {
  type        = string
  description = "ARN or name of the application's secret. Its value has the superuser's secret ARN at \"masterarn\"."
}

variable "superuser_secret_arn" {
  type        = string
  description = "ARN of the superuser's secret. Its value has the same host as the application's."
}

variable "rotation_lambda_arn" {
  type        = string
  description = "ARN of the rotation function, AWS's template for alternating users of PostgreSQL."
}

variable "secret_id" {
  type        = string
  description = "ARN or name of the secret."
}

variable "rotation_type" {
  type        = string
  description = "The format of the value."
  default     = "PostgreSQLSingleUser"
}

variable "connection_fields" {
  type        = map(string)
  description = "Fields of the value other than the password, such as host, dbname, or any that applications read."
}

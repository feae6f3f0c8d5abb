terraform {
  required_providers {
    rotation = {
      source = "rotationsafe/rotation"
    }
  }
}

# The connection of a database, without its password.
variable "connection" {
  type = map(string)
  default = {
    engine   = "postgres"
    host     = "orders.abc123.eu-central-1.rds.amazonaws.com:5432"
    username = "orders"
  }

  validation {
    condition = alltrue([
      for f in provider::rotation::check_secret_string("PostgreSQLSingleUser", jsonencode(merge(var.connection, { password = "x" }))) : f.severity != "error"
    ])
    error_message = "The connection has no format that the rotation function can work with."
  }
}

# The host carries a port. The function takes that, and no login succeeds.
output "findings" {
  value = provider::rotation::check_secret_string("PostgreSQLSingleUser", jsonencode(merge(var.connection, { password = "x" })))
  # tolist([
  #   {
  #     "code" = "secret-key-unusable"
  #     "detail" = "The field \"host\" is not a bare host name: it has a port, a scheme, a path or white space."
  #     "reference" = "https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_secret_json_structure.html"
  #     "remedy" = "Write the host name alone, for a database instance its address attribute rather than its endpoint, and the port in the field \"port\"."
  #     "severity" = "warning"
  #     "summary" = "A field of the secret's value cannot work"
  #   },
  # ])
}

# The same connection, for another rotation type and without a password.
output "codes" {
  value = [for f in provider::rotation::check_secret_string("MySQLSingleUser", jsonencode(var.connection)) : "${f.severity} ${f.code}"]
  # [
  #   "error secret-engine-mismatch",
  #   "warning secret-key-unusable",
  #   "error secret-key-missing",
  # ]
}

# A plan warns of what is in the way, here of the port, and goes on.
check "rotates" {
  assert {
    condition     = length(provider::rotation::check_secret_string("PostgreSQLSingleUser", jsonencode(merge(var.connection, { password = "x" })))) == 0
    error_message = "The connection is not ready for rotation."
  }
}

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
}

# The same connection for another rotation type.
output "codes" {
  value = [for f in provider::rotation::check_secret_string("MySQLSingleUser", jsonencode(var.connection)) : "${f.severity} ${f.code}"]
}

# A plan warns of what is in the way, and goes on.
check "rotates" {
  assert {
    condition     = length(provider::rotation::check_secret_string("PostgreSQLSingleUser", jsonencode(merge(var.connection, { host = "db", password = "x" })))) == 0
    error_message = "The connection is not ready for rotation."
  }
}

# Rotation alternates between "orders" and "orders_clone".
resource "rotation_secret_value" "orders" {
  secret_id     = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:orders-AbCdEf"
  rotation_type = "PostgreSQLMultiUser"

  connection_fields = {
    host      = "orders.abc123.eu-west-1.rds.amazonaws.com"
    username  = "orders"
    masterarn = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:admin-GhIjKl"
  }

  # Secrets Manager generates it, as the rotation function would. What creates the
  # database user reads it from the secret, and the setup comes after that.
  generate_password = {
    contexts = ["url"] # It stands in a URL, too.
  }
}

# The first rotation comes after the first value, since the setup refers to it. The
# function logs in with it: where this configuration creates the database user, let
# the setup depend on that.
resource "rotation_setup" "orders" {
  secret_id            = rotation_secret_value.orders.secret_arn
  rotation_lambda_arn  = "arn:aws:lambda:eu-west-1:123456789012:function:rotator"
  rotation_type        = "PostgreSQLMultiUser"
  superuser_secret_arn = rotation_secret_value.orders.connection_fields.masterarn

  rotation_rules = {
    automatically_after_days = 30
  }
}

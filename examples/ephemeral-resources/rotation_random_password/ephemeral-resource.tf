terraform {
  required_providers {
    aws = {
      source = "hashicorp/aws"
    }
    rotation = {
      source = "rotationsafe/rotation"
    }
  }
}

ephemeral "rotation_random_password" "orders" {
  rotation_type = "PostgreSQLSingleUser"
  contexts      = ["url"]
}

resource "aws_secretsmanager_secret" "orders" {
  # checkov:skip=CKV2_AWS_57: rotation is not the subject here
  name = "orders"
}

# The password is stored in the secret and nowhere else, and only while the secret has
# no value. With `generate_password` the resource makes such a password itself; this is
# for where something else needs it in the same apply, too.
resource "rotation_secret_value" "orders" {
  secret_id     = aws_secretsmanager_secret.orders.arn
  rotation_type = "PostgreSQLSingleUser"

  connection_fields = {
    host     = "orders.abc123.eu-central-1.rds.amazonaws.com"
    username = "orders"
  }

  password_wo         = ephemeral.rotation_random_password.orders.random_password
  password_wo_version = 1
}

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

# The password is stored in the secret and nowhere else, and only when the version
# number changes.
#
# This resource tracks the version that it writes. Take it out of the state, with a
# removed block, before the secret rotates: once AWS has removed that version,
# Terraform would write a new first password over the one in use.
resource "aws_secretsmanager_secret_version" "first" {
  secret_id                = aws_secretsmanager_secret.orders.id
  secret_string_wo_version = 1
  secret_string_wo = jsonencode({
    engine   = "postgres"
    host     = "orders.abc123.eu-central-1.rds.amazonaws.com"
    username = "orders"
    password = ephemeral.rotation_random_password.orders.random_password
  })
}

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

# Neither in the state nor in a plan.
variable "password" {
  type      = string
  ephemeral = true
}

resource "aws_secretsmanager_secret" "orders" {
  # checkov:skip=CKV2_AWS_57: rotation is not the subject here
  name = "orders"
}

# A value that the rotation function can't work with stops the plan:
#
#   [secret-engine-mismatch] The field "engine" is not one that the rotation
#   function of PostgreSQLSingleUser accepts. ...
#
# rotation_secret_value makes the same check by itself and tracks the secret. This
# resource tracks the version that it writes: take it out of the state, with a removed
# block, before the secret rotates. Once AWS has removed that version, Terraform would
# write the first password over the one in use.
resource "aws_secretsmanager_secret_version" "first" {
  secret_id                = aws_secretsmanager_secret.orders.id
  secret_string_wo_version = 1
  secret_string_wo = provider::rotation::assert_secret_string("PostgreSQLSingleUser", jsonencode({
    engine   = "postgres"
    host     = "orders.abc123.eu-central-1.rds.amazonaws.com"
    username = "orders"
    password = var.password
  }))
}

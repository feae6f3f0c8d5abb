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

# What the database user "orders" logs in with now. In no state and in no plan.
variable "orders_password" {
  type      = string
  ephemeral = true # Terraform 1.11, OpenTofu 1.11
}

resource "aws_secretsmanager_secret" "orders" {
  # checkov:skip=CKV2_AWS_57: rotation is not the subject here
  name = "orders"
}

resource "rotation_secret_value" "orders" {
  secret_id     = aws_secretsmanager_secret.orders.arn
  rotation_type = "PostgreSQLSingleUser"

  # Checked at plan against what the rotation function reads. Engine and defaults
  # (here "postgres" and the port 5432) come from the type.
  connection_fields = {
    host        = "orders.abc123.eu-central-1.rds.amazonaws.com"
    dbname      = "orders"
    username    = "orders"
    application = "shop" # Any other field is kept by each rotation.
  }

  password_wo         = var.orders_password
  password_wo_version = 1
}

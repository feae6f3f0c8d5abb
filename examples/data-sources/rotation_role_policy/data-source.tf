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

data "rotation_role_policy" "orders" {
  rotation_type        = "MySQLMultiUser"
  secret_arn           = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:orders-AbCdEf"
  superuser_secret_arn = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:orders-admin-GhIjKl"
}

resource "aws_iam_role_policy" "orders" {
  name   = "rotate-orders"
  role   = "mysql-multi-user"
  policy = data.rotation_role_policy.orders.json
}

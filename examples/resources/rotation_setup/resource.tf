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

resource "aws_secretsmanager_secret" "orders" {
  # checkov:skip=CKV2_AWS_57: rotated by rotation_setup.orders
  name = "orders"
}

# What the database user "orders" logs in with now.
variable "orders_password" {
  type      = string
  ephemeral = true # Terraform 1.11, OpenTofu 1.11; before, store the first value otherwise.
}

# The first value, stored once. Later it is rotation's.
resource "rotation_secret_value" "orders" {
  secret_id     = aws_secretsmanager_secret.orders.arn
  rotation_type = "PostgreSQLSingleUser"

  connection_fields = {
    host     = "orders.abc123.eu-west-1.rds.amazonaws.com"
    dbname   = "orders"
    username = "orders"
  }

  password_wo         = var.orders_password
  password_wo_version = 1
}

# The rotation function, here AWS's template for a single PostgreSQL user. It has
# to reach both the database and Secrets Manager.
resource "aws_lambda_function" "rotator" {
  function_name = "postgresql-single-user"
  role          = aws_iam_role.rotator.arn
  runtime       = "python3.12"
  handler       = "lambda_function.lambda_handler"
  filename      = "postgresql-single-user.zip"
  timeout       = 30

  environment {
    variables = {
      SECRETS_MANAGER_ENDPOINT = "https://secretsmanager.eu-west-1.amazonaws.com"
    }
  }

  vpc_config {
    subnet_ids         = ["subnet-0a1b2c3d4e5f60718"]
    security_group_ids = ["sg-0a1b2c3d4e5f60718"]
  }
}

# The role needs no policy for the secret: rotation_setup writes it.
resource "aws_iam_role" "rotator" {
  name = "postgresql-single-user"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "lambda.amazonaws.com" }
    }]
  })
}

resource "aws_iam_role_policy_attachment" "rotator" {
  role       = aws_iam_role.rotator.name
  policy_arn = "arn:aws:iam::aws:policy/service-role/AWSLambdaVPCAccessExecutionRole"
}

resource "rotation_setup" "orders" {
  secret_id           = rotation_secret_value.orders.secret_arn # The first rotation needs the value.
  rotation_lambda_arn = aws_lambda_function.rotator.arn
  rotation_type       = "PostgreSQLSingleUser"

  # Optional. With it, a role that is replaced is served in the same apply.
  role_arn = aws_iam_role.rotator.arn

  rotation_rules = {
    schedule_expression = "cron(0 4 ? * SUN *)"
    duration            = "3h"
  }

  # Every rotation needs the role to write logs and to reach the database.
  depends_on = [aws_iam_role_policy_attachment.rotator]
}

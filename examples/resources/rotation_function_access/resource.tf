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

# Any number of secrets, which one function rotates. They need their first values
# before the setups below: see the example of rotation_setup.
resource "aws_secretsmanager_secret" "app" {
  # checkov:skip=CKV2_AWS_57: rotated by rotation_setup.app
  for_each = toset(["orders", "billing"])
  name     = each.key
}

# The superuser that the function logs in with to change their passwords.
resource "aws_secretsmanager_secret" "superuser" {
  name = "superuser"
}

# The rotation function, here AWS's template for alternating users of PostgreSQL.
# It has to reach both the database and Secrets Manager.
resource "aws_lambda_function" "rotator" {
  function_name = "postgresql-alternating-users"
  role          = aws_iam_role.rotator.arn
  runtime       = "python3.12"
  handler       = "lambda_function.lambda_handler"
  filename      = "postgresql-alternating-users.zip"
  timeout       = 30

  environment {
    variables = {
      SECRETS_MANAGER_ENDPOINT = "https://secretsmanager.eu-west-1.amazonaws.com"
    }
  }
}

resource "aws_iam_role" "rotator" {
  name = "postgresql-alternating-users"
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
  policy_arn = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
}

# One statement in the function's policy and one policy of its role, whatever the
# number of secrets.
resource "rotation_function_access" "rotator" {
  rotation_lambda_arn   = aws_lambda_function.rotator.arn
  rotation_types        = ["PostgreSQLMultiUser"]
  superuser_secret_arns = [aws_secretsmanager_secret.superuser.arn]

  # Optional. With it, a role that is replaced is served in the same apply.
  role_arn = aws_iam_role.rotator.arn

  depends_on = [aws_iam_role_policy_attachment.rotator]

  # Whatever takes its place is there, and the setups have followed, before it goes.
  lifecycle {
    create_before_destroy = true
  }
}

resource "rotation_setup" "app" {
  for_each = aws_secretsmanager_secret.app

  secret_id            = each.value.arn
  rotation_type        = "PostgreSQLMultiUser"
  superuser_secret_arn = aws_secretsmanager_secret.superuser.arn

  # The access is there before the setup, and goes after it.
  access              = "external"
  rotation_lambda_arn = rotation_function_access.rotator.rotation_lambda_arn

  rotation_rules = {
    schedule_expression = "cron(0 4 ? * SUN *)"
    duration            = "3h"
  }
}

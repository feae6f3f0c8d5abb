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

# The secrets that one function rotates, and the superuser secret that it logs in
# with. All have their values already.
variable "secret_arns" {
  type        = map(string)
  description = "ARNs of the secrets by name."
  default = {
    orders  = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:orders-AbCdEf"
    billing = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:billing-GhIjKl"
  }
}

variable "superuser_secret_arn" {
  type    = string
  default = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:superuser-MnOpQr"
}

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
  superuser_secret_arns = [var.superuser_secret_arn]

  # Optional. With it, a role that is replaced is served in the same apply.
  role_arn = aws_iam_role.rotator.arn

  depends_on = [aws_iam_role_policy_attachment.rotator]
}

resource "rotation_setup" "this" {
  for_each = var.secret_arns

  secret_id            = each.value
  rotation_type        = "PostgreSQLMultiUser"
  superuser_secret_arn = var.superuser_secret_arn

  # The access is there before the setup, and goes after it.
  access              = "external"
  rotation_lambda_arn = rotation_function_access.rotator.rotation_lambda_arn

  rotation_rules = {
    schedule_expression = "cron(0 4 ? * SUN *)"
    duration            = "3h"
  }
}

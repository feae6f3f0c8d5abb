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

# For an engine: any rotation type, and the master user that RDS creates.
data "rotation_exclude_characters" "master" {
  engine   = "oracle-ee"
  contexts = ["master_user"]
}

# For a rotation type whose passwords are used by AWS DMS and in connection URLs.
data "rotation_exclude_characters" "orders" {
  rotation_type = "PostgreSQLSingleUser"
  contexts      = ["dms", "url"]
}

# Every later password is like the first if the function excludes the same.
resource "aws_lambda_function" "rotator" {
  function_name = "postgresql-single-user"
  role          = "arn:aws:iam::123456789012:role/postgresql-single-user"
  runtime       = "python3.12"
  handler       = "lambda_function.lambda_handler"
  filename      = "postgresql-single-user.zip"

  environment {
    variables = {
      SECRETS_MANAGER_ENDPOINT = "https://secretsmanager.eu-west-1.amazonaws.com"
      EXCLUDE_CHARACTERS       = data.rotation_exclude_characters.orders.exclude_characters
    }
  }
}

output "reasons" {
  value = data.rotation_exclude_characters.master.reasons
}

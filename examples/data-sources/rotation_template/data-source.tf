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

data "rotation_template" "orders" {
  rotation_type = "PostgreSQLSingleUser"
}

# AWS's own rotation function, deployed from the Serverless Application Repository.
resource "aws_serverlessapplicationrepository_cloudformation_stack" "rotator" {
  name           = "orders-rotation"
  application_id = data.rotation_template.orders.application_id
  capabilities   = ["CAPABILITY_IAM", "CAPABILITY_RESOURCE_POLICY"]

  parameters = {
    functionName      = "orders-rotation"
    endpoint          = "https://secretsmanager.eu-central-1.amazonaws.com"
    excludeCharacters = data.rotation_template.orders.password_rules.exclude_characters
  }
}

# What the function needs of its role, whatever the secret holds.
output "actions" {
  value = flatten([for p in data.rotation_template.orders.permissions : p.actions if p.when == "always"])
}

# Where AWS's pages are not what the code does.
output "differences" {
  value = data.rotation_template.orders.differences
}

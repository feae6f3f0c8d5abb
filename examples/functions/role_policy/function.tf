terraform {
  required_providers {
    rotation = {
      source = "rotationsafe/rotation"
    }
  }
}

# A single user: nothing but the secret itself.
output "single_user" {
  value = jsondecode(provider::rotation::role_policy({
    rotation_type = "PostgreSQLSingleUser"
    secret_arn    = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:orders-AbCdEf"
  }))
  # {
  #   "Statement" = [
  #     {
  #       "Action" = [
  #         "secretsmanager:DescribeSecret",
  #         "secretsmanager:GetSecretValue",
  #         "secretsmanager:PutSecretValue",
  #         "secretsmanager:UpdateSecretVersionStage",
  #       ]
  #       "Effect" = "Allow"
  #       "Resource" = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:orders-AbCdEf"
  #       "Sid" = "RotateSecret"
  #     },
  #     {
  #       "Action" = "secretsmanager:GetRandomPassword"
  #       "Effect" = "Allow"
  #       "Resource" = "*"
  #       "Sid" = "GeneratePassword"
  #     },
  #   ]
  #   "Version" = "2012-10-17"
  # }
}

# Alternating users, with the master user that RDS manages as the superuser.
output "alternating_users" {
  value = [for s in jsondecode(provider::rotation::role_policy({
    rotation_type            = "PostgreSQLMultiUser"
    secret_arn               = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:orders-AbCdEf"
    kms_key_arn              = "arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
    superuser_secret_arn     = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:rds!db-0a1b2c3d-GhIjKl"
    superuser_owning_service = "rds"
  })).Statement : "${s.Sid}: ${join(", ", flatten([s.Action]))}"]
  # [
  #   "RotateSecret: secretsmanager:DescribeSecret, secretsmanager:GetSecretValue, secretsmanager:PutSecretValue, secretsmanager:UpdateSecretVersionStage",
  #   "GeneratePassword: secretsmanager:GetRandomPassword",
  #   "ReadSuperuserSecret: secretsmanager:DescribeSecret, secretsmanager:GetSecretValue",
  #   "CallService: rds:DescribeDBClusters, rds:DescribeDBInstances",
  #   "UseSecretKey: kms:Decrypt, kms:DescribeKey, kms:GenerateDataKey",
  # ]
}

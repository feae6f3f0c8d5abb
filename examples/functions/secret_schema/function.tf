terraform {
  required_providers {
    rotation = {
      source = "rotationsafe/rotation"
    }
  }
}

# The fields that a secret needs.
output "required_fields" {
  value = [for f in provider::rotation::secret_schema("PostgreSQLMultiUser").fields : f.name if f.required]
  # [
  #   "engine",
  #   "host",
  #   "username",
  #   "password",
  #   "masterarn",
  # ]
}

# What the function takes for the engine: "postgresql" is not among it.
output "engines" {
  value = [for f in provider::rotation::secret_schema("PostgreSQLMultiUser").fields : f.allowed if f.name == "engine"][0]
  # tolist([
  #   "postgres",
  #   "aurora-postgresql",
  # ])
}

# A value to start from.
output "example" {
  value = jsondecode(provider::rotation::secret_schema("ElastiCacheUser").example)
  # {
  #   "password" = "REPLACED-BY-ROTATION"
  #   "user_arn" = "arn:aws:elasticache:eu-central-1:123456789012:user:app"
  #   "username" = "app"
  # }
}

# For editors and pipelines: terraform output -raw json_schema > secret.schema.json
output "json_schema" {
  value = provider::rotation::secret_schema("Custom").json_schema
}

terraform {
  required_providers {
    rotation = {
      source = "rotationsafe/rotation"
    }
  }
}

data "rotation_secret_schema" "orders" {
  rotation_type = "PostgreSQLMultiUser"
}

output "required_fields" {
  value = [for f in data.rotation_secret_schema.orders.fields : f.name if f.required]
}

# For editors and pipelines: terraform output -raw json_schema > secret.schema.json
output "json_schema" {
  value = data.rotation_secret_schema.orders.json_schema
}

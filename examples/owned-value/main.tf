# A value that rotation owns, and fields of it that Terraform keeps.
#
# The secret has its value already and rotates. Its password is not here, and no apply
# writes one: what is in connection_fields is merged into the current value, whatever
# rotations have made of it.

terraform {
  required_version = ">= 1.8"

  required_providers {
    rotation = {
      source = "rotationsafe/rotation"
    }
  }
}

provider "rotation" {}

resource "rotation_secret_value" "owned" {
  secret_id         = var.secret_id
  rotation_type     = var.rotation_type
  connection_fields = var.connection_fields
}

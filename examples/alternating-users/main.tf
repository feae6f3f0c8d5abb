# A secret whose rotation alternates between two database users.
#
# A rotation leaves the user that applications are logged in with alone and gives
# the other one a new password: "app", then "app_clone", then "app" again. So an
# application that still has the previous value can log in until the rotation
# after. The function creates the second user, for which it needs the superuser's
# secret.

terraform {
  required_version = ">= 1.8"

  required_providers {
    rotation = {
      source = "rotationsafe/rotation"
    }
  }
}

provider "rotation" {}

resource "rotation_setup" "alternating" {
  secret_id           = var.secret_id
  rotation_lambda_arn = var.rotation_lambda_arn
  rotation_type       = "PostgreSQLMultiUser"

  # The function's role may read this secret, too. The function itself looks into
  # the value of the rotated secret for it, at "masterarn": that the two agree is
  # checked at plan.
  superuser_secret_arn = var.superuser_secret_arn

  rotation_rules = {
    automatically_after_days = 30
  }
}

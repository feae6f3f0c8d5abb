# One secret that rotates.
#
# The secret, its first value and the rotation function exist already; here they
# are named by variables. examples/resources/rotation_setup/resource.tf has all of
# it in one configuration, beside hashicorp/aws.

terraform {
  required_version = ">= 1.8" # of OpenTofu as of Terraform

  required_providers {
    rotation = {
      source = "rotationsafe/rotation"
    }
  }
}

# Credentials and Region are found as the AWS CLI finds them. The arguments of
# a provider block of hashicorp/aws mean the same here.
provider "rotation" {}

resource "rotation_setup" "quickstart" {
  secret_id           = var.secret_id
  rotation_lambda_arn = var.rotation_lambda_arn

  # What the function is made for. With the type known, a value that the function
  # could not use is refused at plan.
  rotation_type = var.rotation_type

  # Every Sunday from 04:00 to 07:00 UTC. A schedule that AWS would refuse is
  # refused at plan, too.
  rotation_rules = {
    schedule_expression = var.schedule_expression
    duration            = var.duration
  }

  # These are the defaults:
  #
  #   rotate_immediately = true # The create rotates once, and nothing later does.
  #   wait_for_rotation  = true # The apply fails if that rotation fails, and says why.
  #   access             = "managed"
  #
  # "managed" means that the setup lets Secrets Manager invoke the function and
  # lets the function's role rotate this secret. Destroying the setup takes both
  # back and switches rotation off. It never touches the secret or its value.
}

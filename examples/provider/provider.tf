terraform {
  required_providers {
    rotation = {
      source  = "rotationsafe/rotation"
      version = "~> 0.1"
    }
  }
}

# Arguments mean what they mean in hashicorp/aws.
provider "rotation" {
  region              = "eu-west-1"
  allowed_account_ids = ["123456789012"]
}

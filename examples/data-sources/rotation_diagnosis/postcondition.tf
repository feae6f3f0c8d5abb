terraform {
  required_providers {
    rotation = {
      source = "rotationsafe/rotation"
    }
  }
}

resource "rotation_setup" "orders" {
  secret_id           = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:orders-AbCdEf"
  rotation_lambda_arn = "arn:aws:lambda:eu-west-1:123456789012:function:rotator"
  rotation_rules      = { automatically_after_days = 30 }
}

# An error, which stops the run.
data "rotation_diagnosis" "orders" {
  secret_id = rotation_setup.orders.secret_id

  # A plan that changes the setup, which may be the repair, is diagnosed after it is applied.
  depends_on = [rotation_setup.orders]

  lifecycle {
    postcondition {
      condition = self.healthy
      error_message = join("\n\n", concat(["The secret \"orders\" will not rotate."], [
        for f in self.findings : "${f.code}: ${f.detail}\n${f.remedy}" if f.severity == "error"
      ]))
    }
  }
}

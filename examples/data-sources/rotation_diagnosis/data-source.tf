terraform {
  required_providers {
    rotation = {
      source = "rotationsafe/rotation"
    }
  }
}

# A warning in every plan and apply, which stops neither.
check "orders_rotates" {
  data "rotation_diagnosis" "orders" {
    secret_id     = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:orders-AbCdEf"
    rotation_type = "PostgreSQLSingleUser"
  }

  assert {
    condition = data.rotation_diagnosis.orders.healthy
    error_message = join("\n\n", concat(["The secret \"orders\" will not rotate."], [
      for f in data.rotation_diagnosis.orders.findings : "${f.code}: ${f.detail}\n${f.remedy}" if f.severity == "error"
    ]))
  }

  assert {
    condition     = !data.rotation_diagnosis.orders.overdue
    error_message = "The rotation of the secret \"orders\" is overdue."
  }
}

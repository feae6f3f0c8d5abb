terraform {
  required_providers {
    rotation = {
      source = "rotationsafe/rotation"
    }
  }
}

data "rotation_status" "all" {
  for_each = toset([
    "arn:aws:secretsmanager:eu-west-1:123456789012:secret:orders-AbCdEf",
  ])
  secret_id = each.key
}

# For a dashboard: when each secret may rotate next.
output "windows" {
  value = {
    for s in data.rotation_status.all : s.secret_arn => { start = s.window_start, end = s.window_end }
  }
}

check "all_rotate" {
  assert {
    condition     = !anytrue([for s in data.rotation_status.all : s.overdue])
    error_message = "Overdue: ${join(", ", [for s in data.rotation_status.all : s.secret_arn if s.overdue])}."
  }
}

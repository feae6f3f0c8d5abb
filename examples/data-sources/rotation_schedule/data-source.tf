terraform {
  required_providers {
    rotation = {
      source = "rotationsafe/rotation"
    }
  }
}

data "rotation_schedule" "orders" {
  schedule_expression = "cron(0 4 ? * SUN#1 *)"
  duration            = "3h"
  after               = "2026-01-31T16:00:00Z"
}

# The windows in which an operator should be at hand.
output "windows" {
  value = data.rotation_schedule.orders.windows
}

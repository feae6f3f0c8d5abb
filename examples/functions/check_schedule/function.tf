terraform {
  required_providers {
    rotation = {
      source = "rotationsafe/rotation"
    }
  }
}

variable "schedule_expression" {
  type    = string
  default = "cron(0 22 ? * SAT *)"

  validation {
    condition     = alltrue([for f in provider::rotation::check_schedule(var.schedule_expression, null) : f.severity != "error"])
    error_message = "Secrets Manager does not accept the schedule."
  }
}

# A schedule that is right has no findings.
output "right" {
  value = provider::rotation::check_schedule(var.schedule_expression, "2h")
  # tolist([])
}

# The window would extend into the next UTC day.
output "too_long" {
  value = [for f in provider::rotation::check_schedule(var.schedule_expression, "3h") : "${f.severity} ${f.code}: ${f.detail} ${f.remedy}"]
  # [
  #   "error schedule-window: The duration \"3h\" is too long for \"cron(0 22 ? * SAT *)\": a window that opens at 22:00 would extend into the next UTC day. Write at most \"2h\".",
  # ]
}

# AWS does not document this form; it may well be accepted.
output "undocumented" {
  value = [for f in provider::rotation::check_schedule("cron(0 8,20 * * ? *)", null) : "${f.severity} ${f.code}: ${f.detail}"]
  # [
  #   "warning schedule-undocumented: Secrets Manager may refuse \"cron(0 8,20 * * ? *)\": hours are documented as one number or as a start and an increment only.",
  # ]
}

terraform {
  required_providers {
    rotation = {
      source = "rotationsafe/rotation"
    }
  }
}

# Every other month on the last Friday, from 20:00 for three hours.
output "windows" {
  value = provider::rotation::schedule_windows("cron(0 20 ? 1/2 FRIL *)", "3h", "2026-01-01T00:00:00Z", 2)
  # tolist([
  #   {
  #     "end" = "2026-01-30T23:00:00Z"
  #     "latest" = "2026-01-30T22:59:59Z"
  #     "start" = "2026-01-30T20:00:00Z"
  #   },
  #   {
  #     "end" = "2026-03-27T23:00:00Z"
  #     "latest" = "2026-03-27T22:59:59Z"
  #     "start" = "2026-03-27T20:00:00Z"
  #   },
  # ])
}

# A rate counts from the last rotation. Null is the default duration, here until
# the end of the UTC day.
output "latest" {
  value = provider::rotation::schedule_windows("rate(30 days)", null, "2026-01-31T16:20:00Z", 1)[0].latest
  # "2026-03-02T23:59:59Z"
}

terraform {
  required_providers {
    rotation = {
      source = "rotationsafe/rotation"
    }
  }
}

# What the rotation function excludes, and what the engine refuses.
output "for_the_function" {
  value = provider::rotation::exclude_characters("ElastiCacheUser").exclude_characters
  # "/@\"'\\,"
}

# The password is also written into .pgpass and into a connection URL.
output "with_contexts" {
  value = provider::rotation::exclude_characters("PostgreSQLSingleUser", "pgpass", "url").exclude_characters
  # ":/@\"'\\ #%&+<=>?[]^`{|}"
}

# Why each of them.
output "reasons" {
  value = provider::rotation::exclude_characters("PostgreSQLSingleUser", "pgpass").reasons
  # tomap({
  #   "\"" = "the rotation function's default"
  #   "'" = "the rotation function's default"
  #   "/" = "the rotation function's default"
  #   ":" = "the rotation function's default; separates fields in .pgpass"
  #   "@" = "the rotation function's default"
  #   "\\" = "the rotation function's default; escapes the next character in .pgpass"
  # })
}

# The same characters, written by hand in HCL.
output "by_hand" {
  value = provider::rotation::exclude_characters("PostgreSQLSingleUser").exclude_characters == ":/@\"'\\"
  # true
}

import {
  to = rotation_secret_value.orders
  identity = {
    secret_arn = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:orders-AbCdEf"
  }
}

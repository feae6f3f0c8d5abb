import {
  to = rotation_secret_value.orders
  id = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:orders-AbCdEf"
}

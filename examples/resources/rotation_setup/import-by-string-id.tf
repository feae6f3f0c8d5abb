import {
  to = rotation_setup.orders
  id = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:orders-AbCdEf"
}

moved {
  from = aws_secretsmanager_secret_rotation.orders
  to   = rotation_setup.orders
}

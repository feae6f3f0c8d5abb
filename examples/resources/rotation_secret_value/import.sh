# The ID is the ARN of the secret. An import reads no value, and writes nothing to AWS.
terraform import rotation_secret_value.orders arn:aws:secretsmanager:eu-west-1:123456789012:secret:orders-AbCdEf

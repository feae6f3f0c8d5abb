# The ID is the ARN of the secret. An import writes nothing to AWS.
terraform import rotation_setup.orders arn:aws:secretsmanager:eu-west-1:123456789012:secret:orders-AbCdEf

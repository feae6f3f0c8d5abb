# The ID is the ARN of the function, with its qualifier if it has one. An import
# writes nothing to AWS.
terraform import rotation_function_access.rotator arn:aws:lambda:eu-west-1:123456789012:function:rotator

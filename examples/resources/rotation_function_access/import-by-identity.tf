import {
  to = rotation_function_access.rotator
  identity = {
    rotation_lambda_arn = "arn:aws:lambda:eu-west-1:123456789012:function:rotator"
  }
}

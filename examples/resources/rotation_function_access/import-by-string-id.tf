import {
  to = rotation_function_access.rotator
  id = "arn:aws:lambda:eu-west-1:123456789012:function:rotator"
}

package awslab_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lambda"

	"github.com/rotationsafe/terraform-provider-rotation/internal/awslab/labtest"
	"github.com/rotationsafe/terraform-provider-rotation/internal/catalog"
	"github.com/rotationsafe/terraform-provider-rotation/internal/iampolicy"
)

// vpcUnseen are the actions for a VPC without which Lambda is not known to
// refuse a role. AWS lists them with the others all the same.
// https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html.
var vpcUnseen = []string{"ec2:AssignPrivateIpAddresses", "ec2:DescribeSubnets", "ec2:UnassignPrivateIpAddresses"}

// TestVPCPolicyIsMinimal puts functions into a VPC under the role policies that
// connect them. Without an action, Lambda refuses the role with its name. The
// statement does not depend on the type of the function, and no call of a
// function needs it.
func TestVPCPolicyIsMinimal(t *testing.T) {
	t.Parallel()
	rotationType, _ := catalog.Lookup("MySQLSingleUser")
	for of, policyIn := range map[string]func(*labtest.World) iampolicy.Document{
		"secret": func(w *labtest.World) iampolicy.Document {
			return rotationType.RolePolicy(catalog.Access{SecretARN: w.SecretARN, VPC: true})
		},
		"function": func(w *labtest.World) iampolicy.Document {
			return catalog.SharedRolePolicy(catalog.SharedAccess{FunctionARN: w.FunctionARN, Types: []*catalog.RotationType{rotationType}, VPC: true})
		},
	} {
		for _, missing := range append(iampolicy.VPCActions(), "nothing", "resource") {
			t.Run(of+"/"+missing, func(t *testing.T) {
				t.Parallel()
				w := labtest.New(t)
				policy, want := policyIn(w), ""
				last := len(policy.Statements) - 1
				connect := &policy.Statements[last]
				if connect.Sid != "ConnectToVPC" || !slices.Equal(connect.Actions, iampolicy.VPCActions()) || len(connect.Conditions) > 0 {
					t.Fatalf("the last statement is %s", connect.JSON())
				}
				switch {
				case missing == "resource":
					policy.Statements = policy.Statements[:last]
					want = "ec2:CreateNetworkInterface" // Lambda asks for it first.
				case missing != "nothing":
					connect.Actions = slices.DeleteFunc(connect.Actions, func(a string) bool { return a == missing })
					if !slices.Contains(vpcUnseen, missing) {
						want = missing
					}
				}
				_, err := w.Roles.PutRolePolicy(t.Context(), &iam.PutRolePolicyInput{RoleName: &w.Role, PolicyName: new("rotation"), PolicyDocument: new(policy.JSON())})
				w.Must(err)
				_, err = w.Functions.UpdateFunctionConfiguration(t.Context(), &lambda.UpdateFunctionConfigurationInput{
					FunctionName: &w.FunctionARN, VpcConfig: w.NewNetwork(labtest.Network{}).Config(),
				})
				if want == "" {
					w.Must(err)
					return
				}
				refused(t, err, "InvalidParameterValueException", "The provided execution role does not have permissions to call "+strings.TrimPrefix(want, "ec2:")+" on EC2")
			})
		}
	}
}
